"""What the line costs, measured: `make bench` writes `benchmarks/RESULTS.md`."""
