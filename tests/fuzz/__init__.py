"""Coverage-guided fuzzing of what the gate reads from strangers; run by `make fuzz-gate`, not by the tests."""
