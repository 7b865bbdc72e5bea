"""The main job, played end to end on real film: cast, farm, journey (docs/demo.md).

The journey knows the public HTTP API, the portal's own forms, the Python client and the command line, and
nothing else of the server: what it does, a studio, an agent, a farm and an auditor could do.
"""
