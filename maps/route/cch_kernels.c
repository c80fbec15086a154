/* Which kernels this processor runs. */
#include "cch.h"

const struct cch_kernels *cch_kernels_best(void)
{
#if defined __x86_64__
	if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512bw"))
		return &cch_kernels_avx512;
	if (__builtin_cpu_supports("avx2"))
		return &cch_kernels_avx2;
#endif
	return &cch_kernels_base;
}
