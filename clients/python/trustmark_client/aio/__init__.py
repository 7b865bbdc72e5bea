"""The same client for programs that run on asyncio; it shares every decision with the blocking one."""
