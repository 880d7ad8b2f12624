"""AWS's API on the wire: endpoints, signatures and protocols."""
