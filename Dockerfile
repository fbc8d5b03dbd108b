# The FHIR content service as an image: any user, read-only root file system, its data on /data.
#
#   docker build -t fhir-service .
#   docker run --read-only --tmpfs /tmp -v fhir-data:/data -p 8000:8000 \
#     -e FHIR_SERVICE_BASE_URL=http://localhost:8000 fhir-service
#
# FHIR_SERVICE_BASE_URL must be what clients call: behind 0.0.0.0 a Host header is not to be believed.
# Every step is a plain command that tests/test_container.py also runs without a container engine.

FROM python:3.13-slim-bookworm AS build
WORKDIR /app
COPY tools/environment.sh tools/
COPY requirements.lock ./
# The image installs nothing later: pip goes as soon as it has done its work.
RUN tools/environment.sh .venv requirements.lock \
    && .venv/bin/python -m pip uninstall --yes pip
# A read-only tree cannot hold caches written later.
COPY fhir_service fhir_service
RUN .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash fhir_service

FROM python:3.13-slim-bookworm
# The base image's own pip has no use here; 10001 is no user of any host.
RUN pip uninstall --yes pip \
    && install --directory --owner 10001 --group 10001 /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY --from=build /app/fhir_service fhir_service
COPY deploy/container/health.py deploy/container/
COPY resources resources
COPY LICENSE ./
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    FHIR_SERVICE_DATABASE_URL=sqlite:////data/fhir.sqlite
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "deploy/container/health.py"]
ENTRYPOINT ["fhir-service"]
CMD ["serve"]
