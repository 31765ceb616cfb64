"""Prometheus metrics of this node, as Ray collects them."""

import aiohttp
import ray


async def node_metrics() -> str:
    """Returns the metrics of Ray's agent on this node in Prometheus' text format.

    They include `ray_serve_num_http_requests_total`, `ray_serve_num_grpc_requests_total`, their
    errors and latencies, and `ray_serve_deployment_…` for each replica.
    """
    node_id = ray.get_runtime_context().get_node_id()
    node = next(node for node in ray.nodes() if node["NodeID"] == node_id)
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        return await response.text()
