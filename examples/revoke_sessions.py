"""
Revoking sessions, and what it does to the instance itself: ``python examples/revoke_sessions.py``.

Nobody can take issued credentials back. The console's "Revoke active sessions" puts a deny on the role for all sessions issued
before now. The instance is among them, and stays so until its metadata has new credentials.
"""

from __future__ import annotations

from ec2roles import Account

LIST = "s3:ListAllMyBuckets"


def main() -> None:
    """Leak, revoke, wait."""
    account = Account()
    role = account.console.create_role("web", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance(profile="web")
    stolen = web.metadata.credentials()

    def show(when: str) -> None:
        thief = account.call(LIST, credentials=stolen)
        own = web.call(LIST)
        words = [one.error.code if one.error else "works" for one in (thief, own)]
        print(f"{when:<44} thief: {words[0]:<14} instance: {words[1]}")

    account.clock.advance(minutes=20)
    show("00:20  the credentials have leaked")
    role.revoke_sessions()
    account.clock.advance(seconds=1)
    show("00:20  sessions are revoked")
    print("       ", web.can(LIST).message.split(" on resource")[0], "...")
    account.clock.advance(minutes=30)
    show("00:50  nothing has changed")
    account.clock.advance(minutes=10)
    show("01:00  the metadata has refreshed")
    print(
        "        The new session was issued after the cut-off. Until then the instance was locked out with the thief."
    )

    account.clock.advance(minutes=10)
    role.revoke_sessions()
    account.clock.advance(seconds=1)
    show("01:10  revoked again")
    web.stop()
    web.start()
    show("01:10  the instance is stopped and started")
    print("        A start fetches at once; so does taking the profile off and putting it on again.")


if __name__ == "__main__":
    main()
