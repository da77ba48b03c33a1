# One image for the worker, the starter, the simulators and the command line.
# Plain Dockerfile syntax, so that any builder takes it.

FROM python:3.11.16-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build

# What changes rarely comes first. Wheels only: an image is no place to run a stranger's setup.py.
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /opt/m3-walmart \
    && /opt/m3-walmart/bin/pip install --require-hashes --only-binary :all: -r requirements.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements-build.txt

# .dockerignore lets through what belongs into the wheel.
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels . \
    && /opt/m3-walmart/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/m3-walmart/bin/python -m pip uninstall --yes pip setuptools


FROM python:3.11.16-slim-trixie
# The user gets fixed numbers, so that the files of secrets and volumes can be given to it.
RUN groupadd --gid 10001 m3-walmart \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin m3-walmart \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/m3-walmart
COPY --from=build /opt/m3-walmart /opt/m3-walmart
# The file system is read-only when it runs: nothing may be compiled or written then.
ENV PATH=/opt/m3-walmart/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /var/lib/m3-walmart
USER 10001:10001
# Health checks differ by service; docker-compose.yml has them.
CMD ["m3-walmart", "--help"]
