"""The HTTP service: an API under /v1 and a page for people at /.

It stands on the engine: `app` puts the parts together, `api`, `page` and `health` are its routes, `scheduler` takes
questions to the models, `live` changes snapshots, `gate` keeps out what may not come in, `problems` tells what went
wrong.
"""
