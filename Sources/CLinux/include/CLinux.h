// The Linux calls Swift cannot name, each in the header of its subject.
#pragma once
#include "CLinuxClock.h"
#include "CLinuxFileSystem.h"
#include "CLinuxFlush.h"
#if __has_include("CLinuxFutex.h")
#include "CLinuxFutex.h"
#endif
#if __has_include("CLinuxProcess.h")
#include "CLinuxProcess.h"
#endif
#include "CLinuxStoreFault.h"
