# The image of docker-compose.yml: softshare, and a user who may write its cache and its runs alone.
FROM python:3.11-slim-bookworm AS build

WORKDIR /build
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
RUN python -m venv /opt/softshare

# The packages it needs, without its sources: this layer stays while only those change.
COPY pyproject.toml constraints.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && /opt/softshare/bin/python -m pip install --constraint constraints.txt --requirement requirements.txt \
    && python -m pip install --constraint constraints.txt hatchling

COPY README.md ./
COPY conf conf
COPY core core
COPY dashboards dashboards
COPY search search
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && /opt/softshare/bin/python -m pip install --no-deps --no-index wheels/*.whl


FROM python:3.11-slim-bookworm

# Folders that volumes are mounted on: a new volume takes over their owner.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/softshare softshare \
    && install --directory --owner=softshare --group=softshare \
        /var/lib/softshare /var/lib/softshare/cache /var/lib/softshare/runs
COPY --from=build /opt/softshare /opt/softshare
# One thread a worker, one worker a core. Compiled loops are kept in the cache: the sources are
# read-only.
ENV PATH=/opt/softshare/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    NUMBA_NUM_THREADS=1 \
    SOFTSHARE_CACHE=/var/lib/softshare/cache \
    NUMBA_CACHE_DIR=/var/lib/softshare/cache/numba
USER 10001:10001
WORKDIR /var/lib/softshare
ENTRYPOINT ["softshare"]
CMD ["--help"]
