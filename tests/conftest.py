"""What all tests share: how hypothesis searches. Warnings are errors, see pyproject.toml."""

from hypothesis import HealthCheck, settings

# Deterministic, so that a red run is red for everybody; without a deadline, as machines differ in speed.
settings.register_profile(
    "sim112",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("sim112")
