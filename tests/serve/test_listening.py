"""What `redwell serve` listens on: this machine, and nobody else's."""

from __future__ import annotations

from ipaddress import ip_address

import psutil
import pytest


def test_every_socket_of_the_stack_listens_on_loopback_only(stack):
    if not stack.pid:
        pytest.skip("the stack of REDWELL_TEST_URL is not ours")
    main = psutil.Process(stack.pid)
    listening = {
        (connection.laddr.ip, connection.laddr.port, process.name())
        for process in [main, *main.children(recursive=True)]
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert len(listening) > 5
    assert [one for one in sorted(listening) if not ip_address(one[0].removeprefix("::ffff:")).is_loopback] == []
