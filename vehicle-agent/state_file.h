/* The vehicle's memory on disk: one block, replaced as a whole (temporary file, fsync, rename, fsync of the folder),
 * with a checksum. A crash at any instant leaves the old or the new block. */
#ifndef ZUB_STATE_FILE_H
#define ZUB_STATE_FILE_H

#include "err.h"
#include <stddef.h>

/* Reads the block into bytes (at most size). ERR_NOT_FOUND: no file yet. ERR_FORMAT, ERR_VERSION, ERR_TRUNCATED,
 * ERR_CHECKSUM, ERR_FULL, ERR_IO. */
int state_file_read(const char *path, void *bytes, size_t size, size_t *ret_n, struct err_detail *detail);
/* ERR_IO, ERR_DISK_FULL: the old block is still there. */
int state_file_write(const char *path, const void *bytes, size_t n, struct err_detail *detail);
/* Takes the file PATH.lock for this process until it ends. ERR_BUSY: another process has it. */
int state_file_lock(const char *path, struct err_detail *detail);

#endif
