"""How else JAX can be run: compiled as a whole or not at all, precision, types, threads, CUDA."""

from __future__ import annotations

from convergent.backends.modes import Mode

MODES = (
    Mode(
        name="cuda",
        meaning="on the first NVIDIA GPU",
        environment=(("JAX_PLATFORMS", "cuda"),),
        needs="cuda",
    ),
    Mode(
        name="deterministic",
        meaning="xla_gpu_deterministic_ops: kernels that give the same bits each time",
        environment=(("XLA_FLAGS", "{before} --xla_gpu_deterministic_ops=true"),),
        needs="cuda",
    ),
    Mode(
        name="jit",
        meaning="each method under jax.jit as a whole, compiled once",
        group="execution",
    ),
    Mode(
        name="disable_jit",
        meaning="nothing under jax.jit, the functions of jax.numpy included",
        environment=(("JAX_DISABLE_JIT", "1"),),
        group="execution",
    ),
    Mode(
        name="high",
        meaning="jax_default_matmul_precision 'high'",
        environment=(("JAX_DEFAULT_MATMUL_PRECISION", "high"),),
        group="precision",
    ),
    Mode(
        name="highest",
        meaning="jax_default_matmul_precision 'highest'",
        environment=(("JAX_DEFAULT_MATMUL_PRECISION", "highest"),),
        group="precision",
    ),
    Mode(
        name="x32",
        meaning="no 64-bit types, which is JAX's own default",
        environment=(("JAX_ENABLE_X64", "0"),),
    ),
    # NPROC is how many threads XLA's pool has; the flag is about those that Eigen may take of it.
    Mode(
        name="threads1",
        meaning="one thread computes on the CPU",
        environment=(
            ("NPROC", "1"),
            ("XLA_FLAGS", "{before} --xla_cpu_multi_thread_eigen=false"),
        ),
        group="threads",
    ),
    Mode(
        name="threads8",
        meaning="eight threads compute on the CPU, however many cores it has",
        environment=(("NPROC", "8"),),
        group="threads",
    ),
)

VARIANTS = (
    "",
    "jit",
    "disable_jit",
    "high",
    "highest",
    "x32",
    "threads1",
    "threads8",
    "jit+highest",
    "cuda",
    "cuda+highest",
    "cuda+jit",
    "cuda+deterministic",
)
