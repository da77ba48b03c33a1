"""A settings file of one pair, in parts that a test can replace."""

SECRET_NAMES = ("ACME_ID", "ACME_SECRET", "ACME_WEBHOOKS", "ACME_ION")

WALMART = """
[pairs.walmart]
client_id = "env:ACME_ID"
client_secret = "env:ACME_SECRET"
"""
M3 = """
[pairs.m3]
ionapi_file = "acme.ionapi"
company = 100
division = "AAA"
facility = "A01"
order_type = "WM1"
customer_number = "WALMART"
"""
WEBHOOKS = """
[pairs.webhooks]
method = "hmac"
secret = "env:ACME_WEBHOOKS"
"""
ION = """
[pairs.ion]
secret = "env:ACME_ION"
"""
HEAD = """
[[pairs]]
name = "acme"
time_zone = "America/Chicago"
"""
PAIR = HEAD + WALMART + M3 + WEBHOOKS + ION
