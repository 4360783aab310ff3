from convergent.harness.testing import BackendContract


class TestOnnxRuntime(BackendContract):
    backend = "onnxruntime"
