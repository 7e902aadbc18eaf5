# Each target is one script, so that everything can be run without make too.
.PHONY: up down test chaos bench bench-book clean

up:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker
	@.build/release/outcry up

down:
	@.ci/build outcry
	@.build/release/outcry down

test:
	@.ci/install
	@.ci/test

# LONG=1 for half an hour, SEED=number to repeat a schedule.
chaos:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker
	@Tests/Chaos/run

bench:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker
	@Tests/Benchmarks/Spine/run

bench-book:
	@.ci/build outcry-bench-book
	@.build/release/outcry-bench-book

# The exchange's own data, .outcry, is not a build product: `make down && rm -rf .outcry` wipes it.
clean:
	rm -rf .build
