"""The paper's tables filled from a study, the published numbers beside them, and a verdict on each of its claims."""
