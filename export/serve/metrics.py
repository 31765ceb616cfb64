"""Metrics of this machine's part of the server, as Ray collects them for Prometheus."""

import aiohttp
import ray


async def node_metrics() -> str:
    """The page that Ray's metrics agent on this node gives to Prometheus.

    Among much else: `ray_serve_num_http_requests_total`, `ray_serve_num_grpc_requests_total`, their
    errors and latencies, and `ray_serve_deployment_…` of each replica, batches included.
    """
    here = ray.get_runtime_context().get_node_id()
    node = next(node for node in ray.nodes() if node["NodeID"] == here)
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return await answer.text()
