"""What the stack listens on (this machine, and nobody else), and what of Ray runs beside it."""

from __future__ import annotations

from ipaddress import ip_address

import psutil
import pytest


def test_the_sockets_of_the_stack_listen_on_loopback(stack):
    if not stack.pid:
        pytest.skip("the stack of REDWELL_TEST_URL is not ours")
    main = psutil.Process(stack.pid)
    listening = {
        (connection.laddr.ip.removeprefix("::ffff:"), connection.laddr.port, " ".join(process.cmdline()))
        for process in [main, *main.children(recursive=True)]
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert len(listening) > 5
    reached = [(port, name[:80]) for ip, port, name in sorted(listening) if not ip_address(ip).is_loopback]
    assert reached == []


def test_what_of_ray_nobody_here_asks_has_ended(stack):
    if not stack.pid:
        pytest.skip("the stack of REDWELL_TEST_URL is not ours")
    titles = [" ".join(process.cmdline()) for process in psutil.Process(stack.pid).children(recursive=True)]
    assert any("raylet" in title for title in titles)
    ended = ("_private/log_monitor.py", "dashboard/dashboard.py", "autoscaler/_private/monitor.py")
    assert [title for title in titles if any(script in title for script in ended)] == []
