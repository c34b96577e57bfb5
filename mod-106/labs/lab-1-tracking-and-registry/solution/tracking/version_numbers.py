"""Version numbers given out one at a time, by a lock in PostgreSQL that all workers and all servers share.

MLflow 2.22 takes MAX + 1 and, when another request was faster, tries again in a transaction that the failure has already ended, so of
two simultaneous creations one fails. Here a request first takes the lock of its model's name. Next: gunicorn.conf.py.
"""

import functools

from sqlalchemy import text


def give_out_in_turn(store):
    """Wraps a registry store's create_model_version."""
    create = store.create_model_version

    @functools.wraps(create)
    def create_in_turn(name, *arguments, **settings):
        # The lock belongs to this connection's transaction, and goes with it however the creation ends.
        with store.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"version of {name}"})
            return create(name, *arguments, **settings)

    store.create_model_version = create_in_turn
