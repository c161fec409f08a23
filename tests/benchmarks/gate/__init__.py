"""How fast the gate is beside nginx, a plain Flask view and a bare signature, in one run on one machine."""
