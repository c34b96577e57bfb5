"""gunicorn's threaded worker, with a stop that loses nothing.

Told to finish, gunicorn's own closes the connections it has accepted and not yet read from, and their requests are lost with a reset that
no client can safely repeat. This one stops accepting, serves what it has accepted, and only then ends. Next: gunicorn.conf.py.
"""

from gunicorn.workers.gthread import ThreadWorker


class DrainingWorker(ThreadWorker):
    draining = False

    def handle_exit(self, sig, frame):
        """SIGTERM, which gunicorn sends again until the worker is gone."""
        if self.draining:
            return
        self.draining = True
        for listener in self.sockets:
            self.poller.unregister(listener)

    def murder_keepalived(self):
        """Once in each turn of the loop: ends it when no accepted connection is left unread."""
        super().murder_keepalived()
        if self.draining and not self.poller.get_map():
            self.alive = False
