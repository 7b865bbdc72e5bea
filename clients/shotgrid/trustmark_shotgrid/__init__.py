"""Flow Production Tracking (ShotGrid): a shot that begins asks for its likenesses; licences and receipts come back."""

from trustmark_shotgrid.deliveries import Deliveries, DeliveryRefused
from trustmark_shotgrid.desk import Desk, Heard
from trustmark_shotgrid.names import Names
from trustmark_shotgrid.receiver import receiver

__all__ = ["Deliveries", "DeliveryRefused", "Desk", "Heard", "Names", "receiver"]
