import pytest,time
pytestmark=pytest.mark.django_db
from tests.permissions.table import read_table
from tests.permissions import walk as w
from tests.permissions.walk import *
def test_new(walk):
    out=open("/tmp/gates_new.txt","w",buffering=1)
    lines=[l for l in read_table() if l.address in walk.addresses]
    new=[l for l in lines if l.address.split("/")[1] in ("members","profiles","usage","events","witness","organisations","signing-keys","queues","health")]
    for l in new:
        for f in own_things(walk,l): print(f[:300],file=out)
        for f in strangers_things(walk,l): print(f[:300],file=out)
    print("== legal, operator",file=out)
    w.NAMES=("legal","operator")
    for l in lines:
        if l in new or "anonymous" in l.let_in: continue
        for f in w.own_things(walk,l): print(f[:200],file=out)
    print("done",file=out)
