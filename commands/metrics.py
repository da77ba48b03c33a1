"""The worker's metrics, for Prometheus to scrape: Temporal's own and ours."""

from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from commands.cli import stop
from settings import WorkerSettings


def serve_metrics(settings: WorkerSettings) -> None:
    """Serve GET /metrics of this process from now on; call it before connecting to Temporal."""
    if not settings.metrics_port:
        return
    address = f"{settings.metrics_host}:{settings.metrics_port}"
    try:
        runtime = Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address)))
    except ValueError as error:
        stop(f"worker.metrics_port: {address} cannot be used: {error}")
    Runtime.set_default(runtime)
