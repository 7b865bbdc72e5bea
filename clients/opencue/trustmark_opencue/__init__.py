"""An outline module: layers whose frames are rendered under a licence, or not at all.

    from outline import Outline
    from trustmark_opencue import LicensedShell

    job = Outline(name="sh010_comp", shot="sh010", show="meridian", frame_range="1-100")
    LicensedShell("render", command=["render", "--frame", "%{FRAME}"], licence="0197...", shot="sh010", output="/frames")

A facility's own module becomes licensed by ``class LicensedMaya(Licensed, Maya)``, if it runs its commands by
``self.system``, as outline's own modules do.
"""

from trustmark_opencue.layers import Licensed, LicensedShell

__all__ = ["Licensed", "LicensedShell"]
