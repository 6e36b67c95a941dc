"""The coroutine of a user: driven, parked and woken; and users who wait for one another."""
