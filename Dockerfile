# The gate in a container: ops002 and what it needs, no torch, no compiler, no git.
#
#   docker build -t ops002 .
#   docker run --rm --gpus all -v "$PWD:/work" -w /work ops002 doctor
#
# Builds with BuildKit and with the classic builder. Behind a private certificate authority: put its
# certificates beside this file, as *.crt.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

FROM ${BASE_IMAGE} AS build
SHELL ["/bin/sh", "-euc"]
# The lock stands here so that there is always something to copy.
COPY requirements/run.txt *.crt /build/
# Bases that have Python and no pip are Debian's own. The certificates come after the system's: pip
# takes one file. Which pip it is doesn't matter (DL3008): the lock says what it installs.
# hadolint ignore=DL3008
RUN for crt in /build/*.crt; do \
        if [ -e "$crt" ]; then cat "$crt"; fi; \
    done > /build/private.pem; \
    if ! python3 -m pip --version > /dev/null 2>&1; then \
        apt-get update; \
        apt-get install -y --no-install-recommends python3-pip; \
    fi; \
    if [ -s /build/private.pem ]; then \
        python3 -c 'import pip._vendor.certifi as c; print(open(c.where()).read())' \
            >> /build/private.pem; \
        export PIP_CERT=/build/private.pem; \
    fi; \
    python3 -m venv --without-pip /opt/ops002; \
    python3 -m pip --python /opt/ops002 install --no-cache-dir --no-compile --no-deps \
        --only-binary :all: --require-hashes -r /build/run.txt
COPY entrypoint.py /build/
COPY ops002 /build/ops002
# Byte code is made now, and not looked up by the source's time: an image's files may get new ones.
RUN site="$(/opt/ops002/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"; \
    cp -r /build/ops002 "$site/"; \
    find "$site" -name __pycache__ -prune -exec rm -r {} +; \
    /opt/ops002/bin/python3 -m compileall -q --invalidation-mode unchecked-hash "$site"; \
    install -m 0755 /build/entrypoint.py /opt/ops002/entrypoint.py; \
    printf '#!/bin/sh\nexec /opt/ops002/entrypoint.py action --sweep\n' > /opt/ops002/sweep; \
    chmod 0755 /opt/ops002/sweep

FROM ${BASE_IMAGE}
ARG VERSION=0+unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ops002" \
      org.opencontainers.image.description="The CI gate that proves GPU memory comes back after an inference error" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The driver's library is put in by the NVIDIA container toolkit: utility is NVML, compute is CUDA.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build /opt/ops002 /opt/ops002
ENTRYPOINT ["/opt/ops002/entrypoint.py"]
