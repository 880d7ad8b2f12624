"""HTTP: the WSGI application, a server for it, and clients that reach it within the process."""
