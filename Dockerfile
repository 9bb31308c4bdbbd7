# docker build -t userlane . && docker run -p 8501:8501 -v userlane:/data --read-only --tmpfs /tmp \
#     --cap-drop ALL --security-opt no-new-privileges -e STREAMLIT_SERVER_COOKIE_SECRET userlane
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /app
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r requirements.txt
COPY .streamlit .streamlit
COPY app.py ./
COPY pages pages
COPY userlane userlane
COPY scripts/health.py scripts/
# Compiled here, since the running container cannot write; valid whatever the copied files' times are.
RUN python -m compileall -q --invalidation-mode unchecked-hash .

FROM ${BASE}
# HOME is the one place besides /data where libraries may leave something.
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    STREAMLIT_BROWSER_GATHER_USAGE_STATS=false \
    USERLANE_STORE=/data \
    USERLANE_STORE_CACHE=/data
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Loaded rows are kept here, or copies of those in a bucket; nobody else on the host needs to read them.
RUN install -d -m 700 -o 10001 -g 10001 /data
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=8s --start-period=30s --retries=3 CMD ["python", "scripts/health.py"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
