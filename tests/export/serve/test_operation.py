"""Operation of the server: network interfaces, health, metrics and logs."""

import json

import psutil
import pytest
import requests
from server_process import wait_until

pytestmark = pytest.mark.xdist_group("server")


def test_all_ports_are_on_the_loopback_interface(server):
    addresses = {
        (connection.laddr.ip, connection.laddr.port)
        for process in server.processes()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    ports = {port for _, port in addresses}
    assert {server.rest_port, server.grpc_port} <= ports
    assert {ip for ip, _ in addresses} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_processes_have_the_priority_of_the_command(server):
    own = psutil.Process(server.process.pid).nice()
    assert {process.nice() for process in server.processes()} == {own}


def test_health_metrics_and_logs(server):
    assert requests.get(f"{server.rest}/readyz", timeout=30).status_code == 200
    assert requests.get(f"{server.rest}/-/healthz", timeout=30).status_code == 200
    url = f"{server.rest}/monitoring/prometheus/metrics"
    wait_until(lambda: "ray_serve_num_http_requests_total" in requests.get(url, timeout=30).text)
    lines = [
        json.loads(line)
        for path in (server.base / "logs").glob("replica_*.log")
        for line in path.read_text().splitlines()
    ]
    assert any(line["message"] == "version 1: AVAILABLE" for line in lines)
