#include "cch_kernel.h"

const struct cch_kernels cch_kernels_base = {eliminate, meet, perfect, join, lanes, columns};
