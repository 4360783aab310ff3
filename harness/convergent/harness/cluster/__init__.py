"""Runs on a Dask cluster: chunks of works as tasks, the framework's worker inside the task."""
