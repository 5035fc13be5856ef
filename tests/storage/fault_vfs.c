/* SPDX-License-Identifier: MIT */
#include "tests/storage/fault_vfs.h"

#include <stddef.h>
#include <stdlib.h>

#include <sqlite3.h>

/* Lies in front of the real file in one block of memory. */
struct fault_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static struct {
	bool armed;
	int call;
	int code;
	bool sticky;
	bool failed;
} fault;

static sqlite3_vfs *real_vfs;

static bool is_due(void)
{
	if (!fault.armed)
		return false;
	fault.call--;
	bool due = fault.call == 0 || (fault.sticky && fault.call < 0);
	fault.failed |= due;
	return due;
}

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct fault_file *)(void *)file)->real;
}

static int on_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int on_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	return real(file)->pMethods->xRead(real(file), data, len, at);
}

static int on_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	if (is_due())
		return fault.code;
	return real(file)->pMethods->xWrite(real(file), data, len, at);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (is_due())
		return fault.code;
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
	if (is_due())
		return fault.code;
	return real(file)->pMethods->xSync(real(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return real(file)->pMethods->xFileSize(real(file), ret_size);
}

static int on_lock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xLock(real(file), lock);
}

static int on_unlock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xUnlock(real(file), lock);
}

static int on_check_lock(sqlite3_file *file, int *ret_locked)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), ret_locked);
}

static int on_control(sqlite3_file *file, int operation, void *argument)
{
	return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int on_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int on_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int on_shm_map(
	sqlite3_file *file, int page, int size, int extend, void volatile **ret_map)
{
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, ret_map);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int on_shm_unmap(sqlite3_file *file, int remove)
{
	return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_device,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

static int on_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	(void)vfs;
	struct fault_file *own = (struct fault_file *)(void *)file;
	own->base.pMethods = NULL;
	own->real = (sqlite3_file *)(void *)(own + 1);
	if ((flags & SQLITE_OPEN_READWRITE) != 0 && is_due())
		return SQLITE_CANTOPEN;
	int rc = real_vfs->xOpen(real_vfs, name, own->real, flags, ret_flags);
	if (rc == SQLITE_OK)
		own->base.pMethods = &methods;
	return rc;
}

void fault_vfs_install(void)
{
	static sqlite3_vfs vfs;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "fault";
	vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
	vfs.xOpen = on_open;
	vfs.pNext = NULL;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

void fault_vfs_arm(int call, int sqlite_code, bool sticky)
{
	fault.call = call;
	fault.code = sqlite_code;
	fault.sticky = sticky;
	fault.failed = false;
	fault.armed = true;
}

bool fault_vfs_disarm(void)
{
	fault.armed = false;
	return fault.failed;
}
