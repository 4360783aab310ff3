"""The process in which a framework runs: the pipe's frames, the serving side and its client.

``frames`` and ``serve`` run in the framework's environment: Python 3.9, NumPy, nothing else.
"""
