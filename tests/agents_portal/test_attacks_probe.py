from __future__ import annotations
import uuid, re
import pytest
from django.test import Client
from tests import factories
from tests.agents_portal.conftest import Cast, Reader
from accounts.models import Membership
from licensing import services, selectors
from licensing.models import LicenceRequest
XSS = '"><img src=x onerror=alert(1)><script>alert(1)</script>'

@pytest.mark.parametrize("who", ["producer","engineer","auditor","vendor","self","agent","colleague","other_studio","other_agent","other_talent"])
def test_pages_500(cast, who):
    req = cast.ask()
    tok = factories.approve(cast.ask())
    r = Reader(getattr(cast, who)); r.client.raise_request_exception=False
    bad = []
    for p in ["/audit/?kind=%00", "/audit/?before=" + "9"*18, "/audit/?before=%00", f"/licences/{tok.pk}/receipts/?after=" + "9"*5000, f"/licences/{tok.pk}/receipts/?after="+"9"*30, f"/requests/{req.pk}/terms/?version=%00", f"/requests/{req.pk}/?edit=%00", "/inbox/?selected=%00&tab=%00","/bundles/new/?production=%00","/organisation/?next=%00", "/licences/?tab=%00"]:
        a = r.get(p)
        if a.status_code >= 500: bad.append(p[:60])
    assert not bad, bad

def test_counter_note_zwj(cast):
    req = cast.ask()
    r = Reader(cast.agent); r.client.raise_request_exception=False
    r.post(f"/requests/{req.pk}/change/", {"field":"frames", "value":"10"})
    out=[]
    from agents_portal.fields import FIELDS
    print(list(FIELDS))
    for f in FIELDS:
        for v in ("10","0","-1","9"*30,"\x00","US","ZZ",""):
            a = r.post(f"/requests/{req.pk}/change/", {"field":f, "value":v, "note":"\u200d"})
            if a.status_code>=500: out.append((f,v,a.status_code))
    a = r.post(f"/requests/{req.pk}/counter/", {"note":"family \u200d", "terms_hash": req.current.terms_hash})
    if a.status_code>=500: out.append(("counter", a.status_code))
    a = r.post(f"/requests/{req.pk}/counter/", {"note":"x\u202e", "terms_hash": req.current.terms_hash})
    if a.status_code>=500: out.append(("counter2", a.status_code))
    a = r.post(f"/requests/{req.pk}/decline/", {"reason":"\u200d"})
    if a.status_code>=500: out.append(("decline", a.status_code))
    assert not out, out

def test_hash_tamper(cast):
    req = cast.ask()
    r = Reader(cast.agent)
    for h in ("sha256:"+"0"*64, "", "x", req.current.terms_hash.upper(), req.current.terms_hash+"\n"):
        a = r.post(f"/requests/{req.pk}/approve/", {"terms_hash": h})
        assert a.status_code in (409,422), (h,a.status_code)
    assert LicenceRequest.objects.get(pk=req.pk).state != "APPROVED"

def test_csrf(cast):
    req = cast.ask()
    c = Client(enforce_csrf_checks=True); c.force_login(cast.agent.person)
    for p in ("approve","decline","counter","change","undo"):
        assert c.post(f"/requests/{req.pk}/{p}/", {"terms_hash": req.current.terms_hash}).status_code==403
    c = Client(enforce_csrf_checks=True); c.force_login(cast.self.person)
    assert c.post("/stop/", {"confirm":"stop"}).status_code==403
    c = Client(enforce_csrf_checks=True); c.force_login(cast.producer.person)
    a = c.post("/api/v1/productions", {"title":"x","kind":"PRODUCTION"}, content_type="application/json")
    assert a.status_code==403, a.content
    assert c.post("/sign-in/", {}).status_code==403
    assert c.post("/sign-out/", {}).status_code==403

@pytest.mark.parametrize("nxt", ["//evil.example","https:evil.example","https:///evil.example","javascript:alert(1)","/\\evil.example","\\\\evil.example","http://testserver@evil.example","\x00/","/ok/\r\nX: y", "///evil.example", "data:text/html,x"])
def test_redirect(cast, nxt):
    r = Reader(cast.agent)
    a = r.post("/organisation/", {"organisation": str(cast.agent.organisation_id), "next": nxt})
    loc = a["Location"]
    assert loc=="/" or loc.startswith("/ok") , loc
    person = factories.make_user(password="a-long-enough-passphrase")
    from accounts.services import add_member
    add_member(organisation=factories.make_agency(), user=person, role="AGENT")
    a = Client().post("/sign-in/?next="+nxt.replace("\x00","%00").replace("\r\n","%0d%0a"), {"login": person.email, "password":"a-long-enough-passphrase","next":nxt})
    assert a.status_code==302 and a["Location"].startswith("/") and not a["Location"].startswith(("//","/\\")), a["Location"]

def test_xss(cast):
    prod = services.register_production(principal=cast.producer, title=XSS, kind="PRODUCTION", guild=cast.auditor.organisation.slug)
    from tests.factories import make_ask
    req = services.submit_request(principal=cast.producer, ask=make_ask(prod, cast.talent, description=XSS*2, shots=(), vendors=(cast.vendor.organisation.slug,)))
    cast.talent.stage_name = XSS; cast.talent.save()
    for o in (cast.producer.organisation, cast.agent.organisation, cast.vendor.organisation): o.name = XSS; o.save()
    for d in (cast.producer, cast.agent, cast.self): d.person.full_name = XSS; d.person.save()
    services.counter_request(principal=cast.agent, request_id=req.pk, terms_hash=req.current.terms_hash, changes={"scope.frames_max": 10}, note=XSS)
    req.refresh_from_db()
    services.accept_counter(principal=cast.producer, request_id=req.pk, terms_hash=req.current.terms_hash)
    tok = services.approve_request(principal=cast.agent, request_id=req.pk, terms_hash=req.current.terms_hash, note=XSS)
    services.revoke_token(principal=cast.agent, jti=tok.pk, kind="PROSPECTIVE", disposition="KEEP", reason=XSS)
    req2 = services.submit_request(principal=cast.producer, ask=make_ask(prod, cast.talent, description=XSS*2))
    bad=[]
    for who in ("producer","engineer","auditor","vendor","self","agent","colleague"):
        r = Reader(getattr(cast, who)); r.client.raise_request_exception=False
        for p in ["/inbox/","/inbox/?tab=closed","/requests/","/requests/?tab=closed","/decide/",f"/requests/{req.pk}/",f"/requests/{req2.pk}/",f"/requests/{req2.pk}/terms/",f"/requests/{req2.pk}/approve/",f"/requests/{req2.pk}/decline/",f"/requests/{req2.pk}/withdraw/","/licences/?tab=ended",f"/licences/{tok.pk}/",f"/licences/{tok.pk}/receipts/",f"/licences/{tok.pk}/renew/","/roster/","/mandates/","/visibility/","/audit/","/productions/",f"/productions/{prod.pk}/","/keys/","/bundles/","/bundles/new/","/home/","/stop/","/organisation/","/settings/","/alerts/","/receipts/"]:
            a = r.get(p)
            if a.status_code>=500: bad.append((who,p,a.status_code))
            h=a.content.decode()
            if "<script>alert" in h or "<img src=x" in h: bad.append((who,p,"XSS"))
            if a.status_code==200:
                csp=a.get("Content-Security-Policy","")
                if "script-src 'self'" not in csp or "unsafe" in csp: bad.append((who,p,csp))
    assert not bad, bad

def test_eq404(cast):
    req = cast.ask(); tok = factories.approve(cast.ask())
    from accounts.services import create_api_credential
    key,_ = factories.make_credential(cast.producer.organisation, created_by=cast.producer.person)
    from compliance.services import request_bundle
    b = request_bundle(principal=cast.producer, production_id=cast.production.pk, purpose="UNION_REPORTING")
    pages=[("/requests/{}/",req.pk),("/requests/{}/terms/",req.pk),("/requests/{}/change/?field=frames",req.pk),("/requests/{}/approve/",req.pk),("/requests/{}/counter/",req.pk),("/requests/{}/decline/",req.pk),("/requests/{}/accept/",req.pk),("/requests/{}/withdraw/",req.pk),("/licences/{}/",tok.pk),("/licences/{}/receipts/",tok.pk),("/licences/{}/revoke/",tok.pk),("/licences/{}/renew/",tok.pk),("/productions/{}/",cast.production.pk),("/keys/{}/revoke/",key.pk),("/bundles/{}/",b.pk),("/bundles/{}/download/",b.pk)]
    bad=[]
    for who in ("other_studio","other_agent","other_talent"):
        r=Reader(getattr(cast,who))
        for p,pk in pages:
            for m in ("get","post"):
                x,y=getattr(r,m)(p.format(pk)),getattr(r,m)(p.format(uuid.uuid4()))
                if x.status_code!=404 and not (x.status_code==405==y.status_code) or x.content!=y.content: bad.append((who,p,m,x.status_code,y.status_code))
    other_guild = factories.make_desk(factories.make_guild(),"AUDITOR")
    r=Reader(other_guild)
    for p,pk in pages:
        x,y=r.get(p.format(pk)),r.get(p.format(uuid.uuid4()))
        if x.status_code!=404 or x.content!=y.content: bad.append(("guild",p,x.status_code))
    assert not bad, bad

def test_allauth(cast):
    c = Client(raise_request_exception=False)
    out={}
    for p in ("login/","signup/","email/","password/change/","password/set/","password/reset/","password/reset/done/","login/code/confirm/","reauthenticate/","confirm-email/","confirm-email/abc/","password/reset/key/0-x/","inactive/","logout/"):
        out[p]=c.get("/accounts/"+p).status_code
    print(out)
    s={}
    c.force_login(cast.agent.person)
    for p in ("login/","signup/","email/","password/change/","password/set/","reauthenticate/"):
        s[p]=c.get("/accounts/"+p).status_code
    print(s)
    a = Client(raise_request_exception=False).post("/accounts/password/reset/", {"email": cast.agent.person.email})
    b = Client(raise_request_exception=False).post("/accounts/password/reset/", {"email": "nobody@x.test"})
    su = Client(raise_request_exception=False).post("/accounts/signup/", {"email": "new@x.test","password1":"a-long-enough-passphrase","password2":"a-long-enough-passphrase"})
    from accounts.models import User
    assert not User.objects.filter(email="new@x.test").exists()
    assert (a.status_code,b.status_code)==(302,302), (a.status_code,b.status_code,su.status_code,out,s)
    assert all(v<500 for v in (out|s).values()), (out,s)
