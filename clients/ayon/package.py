"""AYON's description of the add-on."""

name = "trustmark"
title = "Trustmark"
version = "0.1.0"
client_dir = "trustmark_ayon"
ayon_required_addons = {"core": ">=1.0.0"}
