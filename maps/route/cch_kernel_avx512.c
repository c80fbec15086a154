#include "cch_kernel.h"

const struct cch_kernels cch_kernels_avx512 = {eliminate, meet, perfect, join, lanes, columns};
