"""The throw-away servers come up empty, take a connection, and leave nothing behind."""

import os

import psycopg
import redis

from deploy import postgres, redis_server


def test_temporary_postgres_restarts_and_is_gone_afterwards() -> None:
    with postgres.temporary_server(durable=True) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        server.restart("immediate")
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert not server.home.exists()


def test_temporary_redis_comes_back_after_a_kill() -> None:
    with redis_server.temporary_server() as server:
        client = redis.Redis.from_url(server.url)
        assert client.ping()
        assert server.process is not None
        os.kill(server.process.pid, 9)
        server.process.wait()
        server.start()
        assert client.ping()
        client.close()
    assert not server.home.exists()
