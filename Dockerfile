# The image of brt-watch: its wheel in an environment from requirements.lock, an ordinary user, the data in /data.
ARG PYTHON_VERSION=3.11
ARG DEBIAN_RELEASE=bookworm

FROM python:${PYTHON_VERSION}-slim-${DEBIAN_RELEASE} AS build
# What has no wheel for the platform is built here (pendulum 2 has none for arm64).
# The versions are those of the Debian release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.lock pyproject.toml ./
RUN pip wheel --wheel-dir /wheels --require-hashes --no-deps -r requirements.lock
# Of all that is locked only what it needs to run; not the tools of those who change it, nor what those need.
RUN python -c 'import tomllib; \
    print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > needed.txt \
    && pip install --no-index --find-links /wheels -r needed.txt
COPY LICENSE README.md ./
COPY src ./src
RUN pip wheel --wheel-dir /dist --no-deps --no-build-isolation . \
    && pip install --no-index --no-deps /dist/*.whl \
    && pip check

FROM python:${PYTHON_VERSION}-slim-${DEBIAN_RELEASE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="brt-watch" \
      org.opencontainers.image.description="The black box of Rio de Janeiro's BRT, on Prefect 0.15.9" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN useradd --uid 1000 --create-home brt \
    && install --directory --owner brt --group brt /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /home/brt
# PREFECT__: what a container of a Docker agent needs before our code is imported.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BRT_WATCH_DATA=/data \
    PREFECT__BACKEND=server \
    PREFECT__HOME_DIR=/data/prefect \
    PREFECT__USER_CONFIG_PATH=/data/prefect/config.toml \
    PREFECT__CLOUD__HEARTBEAT_MODE=thread
USER 1000
VOLUME /data
# What it does is for compose.yaml to check; an image that cannot even read its settings is not well.
HEALTHCHECK --interval=60s --timeout=20s --start-period=20s --retries=3 CMD ["brt-watch", "config"]
# No entry point: a Docker agent gives its containers a command of Prefect.
CMD ["brt-watch", "--help"]
