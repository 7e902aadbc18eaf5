# Each target is one script, so that everything can be run without make too.
.PHONY: up down demo test test-browser contract fuzz chaos check-streams soak
.PHONY: profiles bench bench-suite bench-quick bench-compare bench-guard report profile monitor
.PHONY: bench-scale bench-idle bench-book bench-recovery bench-streams test-containers clean

up:
	@.ci/install
	@.ci/page || true
	@.ci/build outcry outcry-engine outcry-worker outcry-feed
	@.build/release/outcry up

down:
	@.ci/build outcry
	@.build/release/outcry down

# Simulated traders until Ctrl-C; RATE=requests a second, SEED=number, SYMBOLS=A,B.
demo: up
	@Tests/Demo/run

# A Prometheus of its own beside the running exchange, until Ctrl-C.
monitor:
	@.ci/install monitoring
	@compose/monitoring/run

test:
	@.ci/install tests
	@.ci/page
	@.ci/test

test-browser:
	@.ci/install tests
	@.ci/page
	@.ci/build outcry outcry-engine outcry-worker outcry-feed
	@Tests/Browser/run

# SECONDS=600 for longer, SEED=number to repeat a run.
contract:
	@.ci/install tests
	@.ci/build outcry outcry-engine outcry-worker outcry-feed
	@Tests/Contract/run --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))

# Ten minutes a target; SECONDS=3600 for an hour, TARGET=json for one of them.
fuzz:
	@.ci/install tests
	@Tests/Fuzz/run $(or $(SECONDS),600) $(TARGET)

# Real containers out of compose/; needs docker, or root and docker's packages.
test-containers:
	@.ci/install containers
	@.ci/page || true
	@Tests/Containers/run

# Every profile of `outcry load` against an exchange started as by `make up`, and what is expected
# of each; `Tests/Containers/run profiles` is the same for the compose files.
profiles:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed
	@Tests/Profiles/run

# LONG=1 for half an hour, SEED=number to repeat a schedule.
chaos:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed
	@Tests/Chaos/run

# Clients of the streams against the exchange itself, 100,000 commands; SEED=number to repeat them,
# CLUSTER=1 with a Redis Cluster.
check-streams:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed
	@Tests/Streams/run $(if $(CLUSTER),--cluster)

bench-streams:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed outcry-bench-streams
	@Tests/Streams/bench

bench:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed outcry-bench-streams
	@Tests/Benchmarks/Spine/run

# Every kind of request, workers, symbols, databases, subscribers, depth: a quarter of an hour.
# ONLY=workers,ramp for parts of it, which join what OUT=folder holds already.
bench-suite:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed outcry-bench-streams
	@python3 -B Tests/Benchmarks/Suite/suite.py full $(if $(ONLY),--only $(ONLY)) \
	  $(if $(OUT),--out $(OUT))

# One of each kind, in less than two minutes.
bench-quick:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed outcry-bench-streams
	@python3 -B Tests/Benchmarks/Suite/suite.py quick $(if $(OUT),--out $(OUT))

# Two folders of results; without them the committed ones and the last.
bench-compare:
	@python3 -B Tests/Benchmarks/Report/compare.py $(A) $(B)

# REPORT.md, its charts and the figures in README.md, from the committed results; FROM=folder takes
# those of a new run into the tree first.
report:
	@python3 -B Tests/Benchmarks/Report/report.py $(if $(FROM),--from $(FROM))

# Where an order's processor time goes, by thread and (with perf) by function.
profile:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker outcry-feed
	@python3 -B Tests/Benchmarks/Profile/profile.py

# What an order costs that does not depend on the machine's mood, against limits; RENEW=1 sets them.
bench-guard:
	@.ci/install tests
	@.ci/build outcry outcry-engine outcry-worker outcry-feed outcry-bench-requests
	@python3 -B Tests/Benchmarks/Guard/guard.py $(if $(RENEW),--renew)

# Orders a second with 1 to 16 worker processes, changed under load; 10,000 idle connections.
bench-scale:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker
	@Tests/Benchmarks/Scale/run

bench-idle:
	@.ci/install
	@.ci/build outcry outcry-engine outcry-worker
	@Tests/Benchmarks/Idle/run

bench-book:
	@.ci/build outcry-bench-book
	@.build/release/outcry-bench-book

bench-recovery:
	@.ci/install
	@.ci/build outcry-bench-recovery outcry-engine
	@.build/release/outcry-bench-recovery

# A hundred million random commands to the fast and the obvious book; SEED=number for others.
soak:
	@.ci/build outcry-bench-book
	@.build/release/outcry-bench-book soak 100000000 $(SEED)

# The exchange's own data, .outcry, is not a build product: `make down && rm -rf .outcry` wipes it.
clean:
	rm -rf .build
