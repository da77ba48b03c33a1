async def measure():
    pass
