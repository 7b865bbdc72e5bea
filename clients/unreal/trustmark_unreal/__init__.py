"""Unreal's Movie Render Queue under a licence: an executor of ours, which starts a block of frames once it has leave.

The executor is what starts the renderer, so there is nothing to get past: without leave the block's pipeline is never
made. ``-ExecutorPythonClass=/Engine/PythonTypes.LicensedExecutor`` names it on a farm's command line, after
``init_unreal.py`` of the project has imported :mod:`trustmark_unreal.executor`.
"""
