// Named places at which a test decides who runs next. They are nothing unless CONVEYOR_SYNC_POINTS is defined, as it is
// for scheduled_stress_test, whose scheduler lets one thread run at a time.
#pragma once

#ifdef CONVEYOR_SYNC_POINTS

namespace conveyor {

/// This thread is here, and wants to go on; it may be kept for a while. Defined by the test program.
void sync_point(const char* name) noexcept;
/// This thread may have to wait for another, up to its next sync_point. Returns at once.
void sync_waits(const char* name) noexcept;

}  // namespace conveyor

#define CONVEYOR_SYNC_POINT(name) ::conveyor::sync_point(name)
#define CONVEYOR_SYNC_WAITS(name) ::conveyor::sync_waits(name)

#else

#define CONVEYOR_SYNC_POINT(name) static_cast<void>(0)
#define CONVEYOR_SYNC_WAITS(name) static_cast<void>(0)

#endif
