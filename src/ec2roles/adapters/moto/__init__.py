"""An account that stands in front of moto (extra ``boto``; moto is yours)."""
