# The image of the worker, and of the commands that apply a protocol and make secrets. Without the extras
# `embedded` and `demo`: no Java, no record generator.
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/ipu
# requirements-scrub.lock for a protocol that allows scrubbed texts, requirements-hub.lock for the hub.
ARG LOCK=requirements.lock
COPY requirements.lock requirements-scrub.lock requirements-hub.lock ./
RUN /opt/ipu/bin/pip install --no-cache-dir --require-hashes -r ${LOCK}
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY sanitiser sanitiser
COPY detection detection
COPY transport transport
COPY isp isp
COPY connectors connectors
COPY streams streams
COPY offline offline
COPY ops ops
COPY demo demo
# The demo and its record generator must not be near real records.
RUN /opt/ipu/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && rm -r /opt/ipu/lib/python3.*/site-packages/demo

FROM python:3.11-slim
ENV PATH=/opt/ipu/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# A new volume mounted there gets the owner of the folder.
RUN install -d -m 0700 -o 1000 -g 1000 /var/lib/ipu /var/lib/ipu-state
COPY --from=build /opt/ipu /opt/ipu
USER 1000:1000
# Faust makes a folder in the working directory.
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "ops.container"]
CMD ["worker"]
