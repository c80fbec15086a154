#include "cch_kernel.h"

const struct cch_kernels cch_kernels_avx2 = {eliminate, meet, perfect, join, lanes, columns};
