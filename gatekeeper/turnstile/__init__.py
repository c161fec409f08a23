"""The fast server: the same service as under Granian, with a short way for the two requests that a school has most of.

llhttp (httptools) reads HTTP and libuv (uvloop) moves the bytes; both are what Node.js rests on. `GET /gate/parts/…` and `GET /files/…` are
answered where they arrive; everything else goes to the WSGI application in a pool of threads. LYCEUM_SERVER chooses between the two.
"""
