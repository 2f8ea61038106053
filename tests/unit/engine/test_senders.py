from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.config import parse, validate_section
from aftercare_sdk.engine.checkup.senders import check_senders
from aftercare_sdk.engine.checkup.senders.dkim import check_dkim
from aftercare_sdk.engine.checkup.senders.dmarc import check_dmarc
from aftercare_sdk.engine.checkup.senders.spf import check_spf
from aftercare_sdk.model.messages import ChannelSettings, ChannelType
from aftercare_sdk.outreach.channels.maildir import MaildirChannel, MaildirOptions
from aftercare_sdk.outreach.channels.smtp import SmtpChannel, SmtpOptions
from tests.support.dns_server import closed_port, dns_server, text

# Public halves of keys made with OpenSSL for these tests; the private ones are gone.
RSA_2048 = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv5eGVkuAD0dJO+oDrZb2rG4sov8tQ4GodcXrVguOfos4SWBvklnT"
    "QktxYUBKIQ3JS8mHGby6RL7lInVJ933pVr9Bc7l5PeOGX1Q+4ARsxj0bbI7Vu21//VeVT49SS+Es0ZCAyQJAz3CAsHyC2zvO"
    "I0ibTWx3qR9dOUOsDIhFrGEyxZm/6Kb2aksT/GCGNI+nGq+GAdzaF8Y+G6TuIWSaoRxCprCi/BI7q+7lXKknqLzfnX1Yqana"
    "v0KMpEmoCm5J+6skVDJ6zzklNAEFni0BwX3g0iTZyI8G5hH4ltvGL+ElKOrtV9kC08eUSAvXn7Eq4irDyqiONmmCoYvcOpRf"
    "EwIDAQAB"
)
RSA_1024 = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDpxGL+fQr1fdlKZFNIqIe0dpFEvXEqw2noesQRLTi4c7+EuhCnnxRYDvBo"
    "APkycvyrJuQQx56rort+yhvVuEuLyrRkJBl6GX1rwlFusGaPIFFoMCvca+orq3VRw/iqOPoUqyV8wqbSS5HvPW379SgwFX04"
    "yvpUj4wopsEr73FyNwIDAQAB"
)
RSA_1024_BARE = (
    "MIGJAoGBAOnEYv59CvV92UpkU0ioh7R2kUS9cSrDaeh6xBEtOLhzv4S6EKefFFgO8GgA+TJy/Ksm5BDHnquiu37KG9W4S4vK"
    "tGQkGXoZfWvCUW6wZo8gUWgwK9xr6iurdVHD+Ko4+hSrJXzCptJLke89bfv1KDAVfTjK+lSPjCimwSvvcXI3AgMBAAE="
)
RSA_512 = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMP/LzZBJ/UVKY4jTCMKSnW2142vStFCfTXbUM1ujmezyszshSuYgwr3ZLY0tLyc"
    "0FBujiVnz4dt11ILP4lXGoECAwEAAQ=="
)
ED25519 = "WCINIoCTu/qmlY7KDCOHvy4bjhWLRo8TTdwFLBAj6hQ="

KINDS = {
    "smtp": ChannelType(name="smtp", build=SmtpChannel, options=SmtpOptions),
    "maildir": ChannelType(name="maildir", build=MaildirChannel, options=MaildirOptions),
}
SPF, DKIM, DMARC, PLACE = "SPF shop.test", "DKIM shop.test", "DMARC shop.test", "s1._domainkey.shop.test"


def zone(*spf, **others):
    """Return the records of a shop whose mail is well, with its texts or other names changed."""
    good = {
        "shop.test": {
            "TXT": [text("unrelated"), *map(text, spf or ["v=spf1 include:_spf.mailer.test ~all"])]
        },
        "_spf.mailer.test": {"TXT": [text("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all")]},
        PLACE: {"TXT": [text("v=DKIM1; k=rsa; p=" + RSA_2048[:200], RSA_2048[200:])]},
        "_dmarc.shop.test": {"TXT": [text("v=DMARC1; p=quarantine; rua=mailto:hana@shop.test")]},
        **{f"x{number}.test": {"A": ["192.0.2.1"]} for number in range(20)},
    }
    return {**good, **others.get("records", {})}


def channel(sender="hello@shop.test", **options):
    """Return a channel that sends by SMTP."""
    usual = {"host": "smtp.mailer.test", "dkim_selectors": ["s1"]}
    return {"kind": "smtp", "sender": sender, **usual, **options}


def settings(doctor, *channels):
    """Return a configuration."""
    return parse(
        {
            "brand": {"name": "Hibi"},
            "shops": {"main": {"adapter": "x", "secrets": []}},
            "channels": {f"c{number}": each for number, each in enumerate(channels or [channel()])},
            "doctor": doctor,
        }
    )


def asked(port, *channels):
    """Return what is found when a resolver on loopback is asked."""
    return list(check_senders(settings({"resolver": f"127.0.0.1:{port}"}, *channels), KINDS, {}))


def found(records, *channels, **failures):
    """Return what is found where DNS holds these records."""
    with dns_server(records, **failures) as server:
        return asked(server.port, *channels)


def only(findings, name):
    """Return the one finding of a name."""
    (finding,) = [each for each in findings if each.name == name]
    return finding


def spf(*records, **others):
    """Return what is found of SPF."""
    return [each for each in found(zone(*records, **others)) if each.name == SPF]


def problem(findings):
    """Return the one problem among findings."""
    (finding,) = [each for each in findings if not each.ok]
    assert finding.cure
    return finding


def hint(findings):
    """Return the one hint among findings, none of which is a problem."""
    assert all(each.ok for each in findings)
    (finding,) = [each for each in findings if each.cure]
    return finding


def test_a_good_domain_has_three_good_lines():
    """Each says what was seen, with the rule, and none has a cure."""
    assert [
        (SPF, "one record, 1 of the 10 look-ups allowed, ends in ~all (SEND-02)"),
        (DKIM, f"RSA key of 2048 bits at {PLACE} (SEND-02)"),
        (
            DMARC,
            (
                "p=quarantine at _dmarc.shop.test; signatures of shop.test and names below it count "
                "(SEND-02, SEND-03)"
            ),
        ),
    ] == [(each.name, each.told) for each in found(zone()) if each.ok and not each.cure]


def test_nothing_of_the_records_that_is_personal_is_told():
    """Reports may go to a person; the address is not repeated, whatever else is wrong."""
    for record in (
        "p=none; ruf=mailto:hana@x.test",
        "p=hm; rua=mailto:hana@x.test",
        "rua=mailto:hana@x.test",
    ):
        records = {"_dmarc.shop.test": {"TXT": [text(f"v=DMARC1; {record}")]}}
        assert "hana" not in repr(found(zone(records=records)))


def test_without_any_record_each_is_a_hint_with_what_to_publish():
    """A shop that is about to start copies them."""
    findings = found({"shop.test": {}})
    assert [True] * 3 == [each.ok for each in findings]
    assert [
        (
            'publish this TXT record at shop.test: "v=spf1 a:smtp.mailer.test ~all"; '
            "if your mail provider names another one, that one"
        ),
        (
            'publish there the record that your mail provider shows, such as TXT "v=DKIM1; k=rsa; '
            'p=<the public key>", or correct dkim_selectors'
        ),
        'publish this TXT record at _dmarc.shop.test: "v=DMARC1; p=none; rua=mailto:dmarc@shop.test"',
    ] == [each.cure for each in findings]
    assert [SPF, DKIM, DMARC] == [each.name for each in findings]
    assert PLACE in findings[1].told


@pytest.mark.parametrize(
    ("host", "record"),
    [
        ("smtp-relay.gmail.com", "v=spf1 include:_spf.google.com ~all"),
        ("email-smtp.ap-northeast-1.amazonaws.com", "v=spf1 include:amazonses.com ~all"),
        ("127.0.0.1", "v=spf1 mx ~all"),
        ("localhost", "v=spf1 mx ~all"),
    ],
)
def test_send_02_law_05_the_proposed_spf_record_fits_the_host(host, record):
    """Known providers are included by the name that they publish."""
    assert f'"{record}"' in only(found({"shop.test": {}}, channel(host=host)), SPF).cure


def test_channels_of_one_domain_are_looked_at_together():
    """Both hosts belong in the one record, and each selector is looked up once."""
    channels = [
        channel(sender="A@Shop.TEST", host="smtp.gmail.com"),
        channel(sender="b@shop.test", host="smtp.sendgrid.net", dkim_selectors=["S1", "s2"]),
        {"kind": "maildir", "sender": "c@elsewhere.test", "path": "mails"},
    ]
    findings = found({"shop.test": {}}, *channels)
    assert '"v=spf1 include:_spf.google.com include:sendgrid.net ~all"' in only(findings, SPF).cure
    places = [each.told.split()[5].rstrip(",") for each in findings if each.name == DKIM]
    assert [PLACE, "s2._domainkey.shop.test"] == places


class TestSpf:
    """The record with everything that it leads to."""

    def test_two_records_are_none(self):
        """The cure joins them."""
        finding = problem(
            spf("v=spf1 include:_spf.mailer.test ~all", "V=SPF1 mx include:_spf.mailer.test -all")
        )
        assert "there are 2 SPF records" in finding.told
        assert 'publish one in their place: "v=spf1 include:_spf.mailer.test mx -all"' == finding.cure

    @pytest.mark.parametrize("end", ["+all", "all", "ALL"])
    def test_a_record_that_allows_everybody(self, end):
        """It is worse than none."""
        finding = problem(spf(f"v=spf1 a:x1.test {end}"))
        assert "lets everybody send in your name (SEND-02, LAW-05)" in finding.told
        assert 'publish "v=spf1 a:x1.test ~all"' == finding.cure

    @pytest.mark.parametrize(
        ("record", "there"),
        [
            ("v=spf1 include:open.test -all", "v=spf1 +all"),
            ("v=spf1 redirect=open.test", "v=spf1 all"),
            ("v=spf1 include:open.test -all", "v=spf1 ip4:0.0.0.0/0 -all"),
        ],
    )
    def test_everybody_may_be_allowed_further_down(self, record, there):
        """Where the record of the shop does not show it."""
        findings = spf(record, records={"open.test": {"TXT": [text(there)]}})
        assert "lets everybody" in problem(findings).told

    def test_what_is_broken_is_not_proposed_again(self):
        """Nor is a record that is too long for one line."""
        for record in ("v=spf1 ipv4:192.0.2.1 +all", "v=spf1 " + "ip4:192.0.2.1 " * 40 + "+all"):
            findings = spf(record)
            assert "let it end in ~all" == findings[-1].cure

    @pytest.mark.parametrize("end", ["", " ?all"])
    def test_a_record_without_an_end(self, end):
        """Nothing follows from it for a forger's mail."""
        finding = hint(spf(f"v=spf1 a:x1.test{end}"))
        assert 'publish "v=spf1 a:x1.test ~all"' == finding.cure

    @pytest.mark.parametrize(
        ("record", "number"),
        [
            ("v=spf1 a:x1.test mx:x2.test exists:x3.test ptr include:_spf.mailer.test ip4:192.0.2.1 -all", 5),
            ("v=spf1 a:x1.test -all a:x2.test", 1),
            ("v=spf1 redirect=r.test", 2),
            ("v=spf1 redirect=r.test a:x1.test ?all", 1),
            ("v=spf1  A:x1.test/24//64  ~ALL ", 1),
            ("v=spf1 exp=why.test some.modifier=x -all", 0),
            ("v=spf1 " + " ".join(f"a:x{number}.test" for number in range(10)) + " -all", 10),
        ],
    )
    def test_what_costs_a_look_up(self, record, number):
        """As receivers count."""
        records = {"r.test": {"TXT": [text("v=spf1 a:x3.test -all")]}, "x2.test": {"MX": ["10 x1.test."]}}
        findings = spf(record, records=records)
        assert all(each.ok for each in findings), findings
        assert f"one record, {number} of the 10 look-ups" in findings[-1].told

    def test_eleven_look_ups_are_too_many(self):
        """Also where they are hidden in an include."""
        six = " ".join(f"a:x{number}.test" for number in range(6))
        records = {"more.test": {"TXT": [text(f"v=spf1 {six} -all")]}}
        finding = problem(
            spf("v=spf1 include:more.test a:x6.test a:x7.test a:x8.test a:x9.test ~all", records=records)
        )
        assert "needs 11 DNS look-ups, and receivers make at most 10 (SEND-02)" in finding.told

    def test_records_that_multiply_are_not_followed_for_ever(self):
        """Twenty levels of two includes each would be a million questions."""
        records = {
            f"y{level}.test": {
                "TXT": [text(f"v=spf1 include:y{level + 1}.test include:y{level + 1}.test -all")]
            }
            for level in range(20)
        }
        records["y20.test"] = {"TXT": [text("v=spf1 -all")]}
        with dns_server(zone("v=spf1 include:y0.test -all", records=records)) as server:
            findings = [each for each in asked(server.port) if each.name == SPF]
        assert "needs more than 40 DNS look-ups" in problem(findings).told
        assert len(server.asked) < 60

    @pytest.mark.parametrize(("first", "second"), [("include:", "include:"), ("include:", "redirect=")])
    def test_a_loop_is_told_once(self, first, second):
        """With the two ends of the step that closes it."""
        records = {"b.test": {"TXT": [text(f"v=spf1 {second}Shop.Test")]}}
        finding = problem(spf(f"v=spf1 {first}b.test -all", records=records))
        assert 'leads from "b.test" back to "shop.test", without end' in finding.told

    @pytest.mark.parametrize(
        ("target", "there"),
        [
            ("gone.test", "no SPF record"),
            ("x1.test", "no SPF record"),
            ("two.test", "2 SPF records"),
        ],
    )
    @pytest.mark.parametrize("term", ["include:", "redirect="])
    def test_what_leads_to_no_record_breaks_all(self, term, target, there):
        """An old provider that has gone takes the whole record with it."""
        records = {"two.test": {"TXT": [text("v=spf1 -all"), text("v=spf1 ~all")]}}
        finding = problem(spf(f"v=spf1 {term}{target}", records=records))
        assert f'to "{target}", where there is {there}, so receivers take' in finding.told

    @pytest.mark.parametrize(
        "term",
        [
            "ipv4:192.0.2.1",
            "ip4:192.0.2.300",
            "ip4=192.0.2.1:x:",
            "ip6:192.0.2.1",
            "ip4",
            "a:x1.test/33",
            "include",
            "include:",
            "include:https://x.test",
            "exists:%{z}.test",
            "all:x",
            "192.0.2.1",
            "“mx”",
            "redirect=a.test redirect=a.test",
        ],
    )
    def test_terms_that_no_receiver_understands(self, term):
        """One of them breaks the record; it is named, unless it merely has no effect."""
        findings = spf(f"v=spf1 {term} -all", records={"a.test": {"TXT": [text("v=spf1 -all")]}})
        if "=" in term and not term.startswith("redirect"):
            assert "write ip4: in place of ip4=" == hint(findings).cure
        else:
            assert term.split()[0].replace("“", "?").replace("”", "?") in problem(findings).told

    def test_more_than_two_names_that_are_gone(self):
        """Receivers give up; two are let pass."""
        assert all(each.ok for each in spf("v=spf1 a:g1.test mx:g2.test -all"))
        finding = problem(spf("v=spf1 a:g1.test mx:g2.test exists:g3.test -all"))
        assert '"g1.test, g2.test, g3.test"' in finding.told

    def test_more_than_ten_mail_hosts(self):
        """`mx` is for small domains; many addresses of one name are no matter."""
        many = {
            "MX": [f"10 x{number}.test." for number in range(11)],
            "A": [f"192.0.2.{number}" for number in range(11)],
        }
        records = {"many.test": many}
        assert (
            "has 11 hosts for incoming mail" in problem(spf("v=spf1 mx:many.test -all", records=records)).told
        )
        assert all(each.ok for each in spf("v=spf1 a:many.test -all", records=records))

    def test_macros_are_counted_and_not_followed(self):
        """What they mean differs from mail to mail, but for the domain itself."""
        findings = spf(
            "v=spf1 include:%{i}._ip.vendor.test include:_spf.%{d} -all",
            records={"_spf.shop.test": {"TXT": [text("v=spf1 -all")]}},
        )
        assert "one record, at least 2 of the 10" in findings[-1].told

    def test_a_record_in_several_parts_is_one(self):
        """Without anything between the parts."""
        records = {"shop.test": {"TXT": [text("v=spf1 a:x", "1.te", "st -all")]}}
        (finding,) = spf(records=records)
        assert "1 of the 10 look-ups allowed, ends in -all" in finding.told

    @pytest.mark.parametrize("record", ['"v=spf1 mx -all"', "v=spf2.0 mx -all", "v=spf1\tmx -all"])
    def test_what_only_looks_like_a_record(self, record):
        """As forms for DNS records make them."""
        assert "is no SPF record for receivers" in problem(spf(record)).told

    def test_control_characters_and_length_do_not_reach_the_screen(self):
        """Whoever writes a record does not write on the terminal of a shop."""
        finding = problem(spf("v=spf1 \x1b[31m" + "x" * 200 + " -all"))
        assert finding.told.isprintable()
        assert len(finding.told) < 250


class TestDkim:
    """The key of each selector."""

    def look(self, *records, selectors=("s1",)):
        """Return what is found of DKIM."""
        own = {
            PLACE: {"TXT": [text(*([record] if isinstance(record, str) else record)) for record in records]}
        }
        findings = found(zone(records=own), channel(dkim_selectors=list(selectors)))
        return [each for each in findings if each.name == DKIM]

    @pytest.mark.parametrize(
        ("record", "told"),
        [
            (f"p={RSA_2048}", "RSA key of 2048 bits"),
            (f" v = DKIM1 ; h=sha1:sha256; s=email; n=note; p = {RSA_2048[:50]} {RSA_2048[50:]} ;", "2048"),
            ((f"v=DKIM1; k=rsa; p={RSA_2048[:100]}", RSA_2048[100:]), "2048"),
            (f"v=DKIM1; k=ed25519; p={ED25519}", "Ed25519 key"),
        ],
    )
    def test_keys_that_can_be_used(self, record, told):
        """In every form in which they are published."""
        parts = (
            record
            if isinstance(record, tuple)
            else tuple(record[at : at + 250] for at in range(0, len(record), 250))
        )
        (finding,) = self.look(parts)
        assert (True, "") == (finding.ok, finding.cure)
        assert told in finding.told

    @pytest.mark.parametrize(
        ("record", "told"),
        [
            (
                f"v=DKIM1; k=rsa; p={RSA_512}",
                "the RSA key has 512 bits, and receivers take no fewer than 1024",
            ),
            ("v=DKIM1; k=rsa; p=", "the key is revoked (empty p=)"),
            ("v=DKIM1; k=rsa", "the record is no DKIM key"),
            ("hello", "the record is no DKIM key"),
            (f"v=DKIM1; p={RSA_1024}; p={RSA_1024}", "the record is no DKIM key"),
            (f"v=DKIM2; p={RSA_1024}", "does not begin with v=DKIM1"),
            (f"p={RSA_1024}; v=DKIM1", "does not begin with v=DKIM1"),
            (f"v=DKIM1; p={RSA_1024[:90]}", "cannot be read, perhaps a part of it is missing"),
            (f"v=DKIM1; p={RSA_1024[:-3]}!!!", "cannot be read"),
            ("v=DKIM1; p=MA==", "cannot be read"),
            (f"v=DKIM1; k=ed25519; p={RSA_1024}", "the Ed25519 key cannot be read"),
            (f"v=DKIM1; k=dsa; p={RSA_1024}", 'the kind of key "dsa" is not known'),
            (f"v=DKIM1; h=sha1; p={RSA_1024}", "does not allow SHA-256"),
            (f"v=DKIM1; s=tlsrpt; p={RSA_1024}", "not meant for mail"),
        ],
    )
    def test_keys_that_cannot_be_used(self, record, told):
        """Signatures made with them fail, so each is a problem with a cure."""
        finding = problem(self.look(record))
        assert told in finding.told
        assert f" at {PLACE} (SEND-02)" in finding.told

    @pytest.mark.parametrize(
        ("record", "told"),
        [
            (f"v=DKIM1; p={RSA_1024}", "has 1024 bits, which is accepted, but short"),
            (f"v=DKIM1; p={RSA_1024_BARE}", "has 1024 bits"),
            (f"v=DKIM1; t=y:s; p={RSA_1024}", "marked as a test"),
        ],
    )
    def test_keys_that_could_be_better(self, record, told):
        """Hints only."""
        assert told in hint(self.look(record)).told

    def test_two_records_for_one_selector(self):
        """Which of them is taken is chance."""
        assert "there are 2 TXT records" in problem(self.look("p=", f"p={RSA_1024}")).told

    def test_a_key_behind_an_alias(self):
        """Providers let one publish a CNAME."""
        records = {PLACE: {"CNAME": ["key.mailer.test."]}, "key.mailer.test": zone()[PLACE]}
        assert "RSA key of 2048 bits" in only(found(zone(records=records)), DKIM).told

    def test_without_a_selector_nothing_can_be_looked_up(self):
        """How to find it is told."""
        finding = hint(self.look(selectors=()))
        assert "no selector is known" in finding.told
        assert "behind s=" in finding.cure


class TestDmarc:
    """The policy, its place and what counts as the shop's own."""

    def look(self, records, sender="hello@shop.test", selectors=("s1",)):
        """Return what is found of DMARC."""
        findings = found(zone(records=records), channel(sender=sender, dkim_selectors=list(selectors)))
        return [each for each in findings if each.name.startswith("DMARC")]

    def record(self, *records, place="shop.test"):
        """Return DMARC records at their name."""
        return {f"_dmarc.{place}": {"TXT": [text(record) for record in records]}}

    @pytest.mark.parametrize(
        ("record", "policy"),
        [
            ("v=DMARC1; p=reject", "reject"),
            ("v=DMARC1;p=Quarantine;", "quarantine"),
            ("v=DMARC1; rua=mailto:a@b.test; p=none", "none"),
            ("v = DMARC1 ; p = reject ; pct=50", "reject"),
        ],
    )
    def test_a_policy(self, record, policy):
        """Any is enough for large receivers."""
        (finding,) = self.look(self.record(record, "unrelated"))
        assert finding.told.startswith(f"p={policy} at _dmarc.shop.test; ")
        assert not finding.cure

    @pytest.mark.parametrize(
        ("records", "told"),
        [
            (["v=DMARC1; p=none; rua=mailto:a@b.test", "v=DMARC1; p=reject"], "there are 2 DMARC records"),
            (["v=DMARC1; p=rejekt"], 'p="rejekt"'),
            (["v=DMARC1; p=none; sp=maybe"], 'sp="maybe"'),
            (["v=DMARC1; p=none; rua"], "cannot be read"),
            (["v=dmarc1; p=none"], "is no DMARC record for receivers"),
            (["v=DMARC1 p=none"], "is no DMARC record for receivers"),
            (["p=none; v=DMARC1"], "is no DMARC record for receivers"),
        ],
    )
    def test_records_that_receivers_cannot_use(self, records, told):
        """They have no effect, which nobody would notice."""
        assert told in problem(self.look(self.record(*records))).told

    @pytest.mark.parametrize(
        ("record", "cure"),
        [
            ("v=DMARC1; p=none", 'add "; rua=mailto:dmarc@shop.test" to that record'),
            ("v=DMARC1; rua=mailto:a@b.test", 'write "p=none; " behind "v=DMARC1; "'),
        ],
    )
    def test_records_without_effect(self, record, cure):
        """Hints, with what to add."""
        assert cure == hint(self.look(self.record(record))).cure

    def test_the_record_of_the_organisation_holds_for_names_below_it(self):
        """With the policy that it has for them."""
        for record, policy in [("p=reject; sp=quarantine", "quarantine"), ("p=reject", "reject")]:
            records = {"mail.shop.test": {"A": ["192.0.2.1"]}, **self.record(f"v=DMARC1; {record}")}
            (finding,) = self.look(records, "hello@mail.shop.test", ["s1._domainkey.Shop.test"])
            assert "DMARC mail.shop.test" == finding.name
            assert (
                f"p={policy} at _dmarc.shop.test; signatures of shop.test and names below it count "
                "(SEND-02, SEND-03)" == finding.told
            )

    def test_a_name_with_very_many_parts_is_cut(self):
        """At most eight questions, the last of which are for the shortest names."""
        long = ".".join("abcdefghij") + ".shop.test"
        records = {long: {"TXT": [text("v=spf1 -all")]}}
        with dns_server(zone(records=records)) as server:
            findings = asked(
                server.port, channel(f"hello@{long}", dkim_selectors=["s1._domainkey.shop.test"])
            )
        assert "p=quarantine at _dmarc.shop.test" in only(findings, f"DMARC {long}").told
        walked = [
            name for _, name, _ in server.asked if name.startswith("_dmarc.") and name.endswith(".shop.test")
        ]
        assert 7 == len(walked)

    def test_the_record_of_a_registry_is_not_that_of_the_shop(self):
        """Two shops below one registry are strangers to each other."""
        registry = self.record("v=DMARC1; p=reject; psd=y", place="test")
        bare = {"_dmarc.shop.test": {"TXT": []}, **registry}
        (finding,) = self.look(bare)
        assert finding.told.startswith("p=reject at _dmarc.test; signatures of shop.test")
        assert (
            "does not count as shop.test" in hint(self.look(bare, selectors=["s1._domainkey.x1.test"])).told
        )

    def test_an_organisation_may_say_that_it_ends_here(self):
        """What is published further up does not matter then."""
        records = {
            **self.record("v=DMARC1; p=reject; psd=n"),
            **self.record("v=DMARC1; p=none", place="test"),
        }
        (finding,) = self.look(records)
        assert "signatures of shop.test and names" in finding.told

    @pytest.mark.parametrize(
        ("sender", "selector", "adkim", "aligned"),
        [
            ("hello@shop.test", "s1", "s", True),
            ("hello@mail.shop.test", "s1._domainkey.shop.test", "r", True),
            ("hello@mail.shop.test", "s1._domainkey.shop.test", "s", False),
            ("hello@shop.test", "s1._domainkey.news.shop.test", "r", True),
            ("hello@shop.test", "s1._domainkey.mailer.test", "r", False),
            ("hello@shop.test", "s1._domainkey.notshop.test", "r", False),
        ],
    )
    def test_send_02_alignment_with_the_from_line(self, sender, selector, adkim, aligned):
        """A signature of somebody else's domain is good, and counts for nothing here."""
        records = {
            "mail.shop.test": {"A": ["192.0.2.1"]},
            **self.record(f"v=DMARC1; p=reject; adkim={adkim}"),
        }
        (finding,) = self.look(records, sender, [selector])
        assert aligned == (not finding.cure), finding
        if not aligned:
            assert f"let your mail provider sign for {sender.partition('@')[2]}" == finding.cure
            assert ("adkim=s" in finding.told) == (adkim == "s")


class TestNotChecked:
    """What cannot be asked is no failure, and says why."""

    def test_a_resolver_that_never_answers(self):
        """All checks together wait for it once."""
        before = time.monotonic()
        channels = [channel(), channel("a@other.test"), channel("a@third.test")]
        with dns_server(zone(), silent=["*"]) as server:
            (finding,) = asked(server.port, *channels)
        assert time.monotonic() - before < 5
        assert (True, "sender domains") == (finding.ok, finding.name)
        assert "not checked, the DNS resolver does not answer (SEND-02)" == finding.told
        assert "[doctor]" in finding.cure

    def test_a_port_where_nobody_listens(self, monkeypatch):
        """As it is behind many firewalls."""
        monkeypatch.setattr("aftercare_sdk.engine.checkup.senders.asking.QUESTION_SECONDS", 0.5)
        (finding,) = asked(closed_port())
        assert (True, True) == (finding.ok, finding.told.startswith("not checked, "))

    def test_one_name_that_gets_no_answer_leaves_the_others(self, monkeypatch):
        """Only what hangs on it is not checked."""
        monkeypatch.setattr("aftercare_sdk.engine.checkup.senders.asking.QUESTION_SECONDS", 0.5)
        findings = found(zone(), silent=["_spf.mailer.test"])
        assert 'not checked, DNS does not answer for "_spf.mailer.test" (SEND-02)' == only(findings, SPF).told
        assert ["", ""] == [only(findings, name).cure for name in (DKIM, DMARC)]

    def test_answers_that_come_too_late_altogether(self, monkeypatch):
        """There is an end, however long a record leads on."""
        monkeypatch.setattr("aftercare_sdk.engine.checkup.senders.asking.PATIENCE_SECONDS", 0.0)
        (finding,) = found(zone())
        assert "not checked, DNS answers too slowly (SEND-02)" == finding.told

    @pytest.mark.parametrize(
        ("name", "hit"), [("_spf.mailer.test", [SPF]), (PLACE, [DKIM]), ("_dmarc.shop.test", [DMARC])]
    )
    def test_a_server_that_fails(self, name, hit):
        """SERVFAIL is no statement about the records."""
        findings = found(zone(), broken=[name])
        assert hit == [each.name for each in findings if each.told.startswith("not checked, ")]
        (told,) = [each.told for each in findings if each.name in hit]
        assert f'DNS has no answer for "{name}" (SERVFAIL)' in told
        assert all(each.ok for each in findings)

    def test_a_server_that_fails_for_the_domain(self):
        """Then nothing else is asked."""
        (finding,) = found(zone(), broken=["shop.test"])
        assert 'not checked, DNS has no answer for "shop.test" (SERVFAIL) (SEND-02)' == finding.told

    def test_without_dnspython(self, monkeypatch):
        """The extra is named."""
        monkeypatch.setitem(sys.modules, "dns.resolver", None)
        (finding,) = asked(1)
        assert (True, "not checked, dnspython is not installed (SEND-02)") == (finding.ok, finding.told)
        assert "pip install 'aftercare-sdk[dns]'" == finding.cure

    def test_a_machine_without_a_resolver(self, monkeypatch):
        """Such as a container without a network."""
        from dns import resolver

        def fail(self, *_):
            raise resolver.NoResolverConfiguration

        monkeypatch.setattr(resolver.Resolver, "read_resolv_conf", fail)
        monkeypatch.setattr(sys, "platform", "linux")
        (finding,) = check_senders(settings({}, channel("a@shop.jp")), KINDS, {})
        assert "not checked, this machine names no DNS resolver (SEND-02)" == finding.told

    def test_the_resolvers_of_the_machine_are_asked_without_being_told(self, monkeypatch):
        """What /etc/resolv.conf says is enough."""
        from dns import resolver

        def read(self, *_):
            self.nameservers, self.port = ["127.0.0.1"], server.port

        monkeypatch.setattr(resolver.Resolver, "read_resolv_conf", read)
        monkeypatch.setattr(sys, "platform", "linux")
        with dns_server({"shop.jp": {}}) as server:
            findings = list(check_senders(settings({}, channel("a@shop.jp")), KINDS, {}))
        assert ["SPF shop.jp", "DKIM shop.jp", "DMARC shop.jp"] == [each.name for each in findings]

    def test_a_resolver_that_knows_no_public_name(self):
        """In a closed network every name is denied, which says nothing of the shop's."""
        (finding,) = found({"intranet.lan": {}}, channel("hello@shop.jp"))
        assert finding.ok
        assert "knows neither shop.jp nor anything that ends in .jp" in finding.told

    def test_it_can_be_switched_off(self):
        """Then it is no hint either."""
        (finding,) = check_senders(settings({"dns": False}), KINDS, {})
        assert (True, "") == (finding.ok, finding.cure)

    @pytest.mark.parametrize(
        "domain", ["shop.example", "localhost", "x.example.com", "shop.internal", "127.0.0.1"]
    )
    def test_names_that_are_kept_for_examples_are_asked_of_nobody(self, domain):
        """The first look at a new configuration is no walk through DNS."""
        (finding,) = check_senders(settings({}, channel(f"hello@{domain}")), KINDS, {})
        assert (True, "") == (finding.ok, finding.cure)
        assert f"not checked, {domain} is no name that public DNS knows" == finding.told

    def test_channels_that_do_not_send_or_are_not_well_are_left_alone(self):
        """Their own check tells."""
        channels = [
            {"kind": "maildir", "sender": "a@x.test", "path": "mails"},
            {"kind": "fax", "sender": "a@x.test"},
            channel("a@x.test", prot=1),
            channel("nonsense"),
        ]
        assert [] == list(check_senders(settings({"resolver": "127.0.0.1:1"}, *channels), KINDS, {}))


def test_a_domain_that_does_not_exist_is_a_problem():
    """No receiver takes mail from it, so nothing more is asked."""
    with dns_server(zone()) as server:
        (finding,) = asked(server.port, channel("hello@shpo.test"))
    assert not finding.ok
    assert "shpo.test does not exist in DNS" in finding.told
    assert "(SEND-02, LAW-05)" in finding.told
    assert {"shpo.test", "test"} == {name for _, name, _ in server.asked}


def test_long_answers_come_over_tcp():
    """More texts than a datagram takes."""
    records = {"shop.test": {"TXT": [*(text(f"{n}" * 250) for n in range(9)), text("v=spf1 -all")]}}
    with dns_server(zone(records=records)) as server:
        assert "ends in -all" in only(asked(server.port), SPF).told
    assert ["udp", "tcp"] == [transport for transport, name, _ in server.asked if name == "shop.test"]


def test_a_firewall_that_lets_no_long_answers_through():
    """What it stops is not checked; it is no missing record."""
    records = {"shop.test": {"TXT": [text(f"{n}" * 250) for n in range(9)]}}
    (finding,) = found(zone(records=records), tcp=False)
    assert "not checked, no DNS resolver can be reached: Connection refused (SEND-02)" == finding.told


def test_domains_in_other_scripts_are_asked_for_in_the_form_of_dns():
    """And told so, since that is what one types into the form of a registrar."""
    findings = found({"xn--t8j3b8e.test": {}}, channel("hello@おちゃ。TEST"))
    assert [f"{what} xn--t8j3b8e.test" for what in ("SPF", "DKIM", "DMARC")] == [
        each.name for each in findings
    ]
    assert "rua=mailto:dmarc@xn--t8j3b8e.test" in findings[-1].cure


def test_each_name_is_asked_for_once():
    """However many checks need it."""
    with dns_server(zone()) as server:
        asked(server.port)
    questions = [(name, kind) for _, name, kind in server.asked]
    assert len(questions) == len(set(questions)), questions


def test_a_secret_that_is_missing_does_not_hide_the_domain():
    """The password is not needed to look at DNS."""
    login = channel(username="shop", password={"env": "NOT_SET"})
    assert [SPF, DKIM, DMARC] == [each.name for each in found(zone(), login)]


@pytest.mark.parametrize(
    ("selectors", "ok"),
    [
        (["s1", "2026-11", "s1._domainkey.shop.example"], True),
        (["s 1"], False),
        (["s1."], False),
        ("s1", False),
    ],
)
def test_selectors_are_checked_when_they_are_read(selectors, ok):
    """A typing mistake is no missing record. The channel itself takes them and sends as ever."""
    options = channel(dkim_selectors=selectors)
    _, wrong = validate_section("channels.c0", SmtpOptions, settings({}, options).channels["c0"].options)
    assert ok == (not wrong), wrong
    if ok:
        read = {"host": "localhost", "security": "none", "dkim_selectors": tuple(selectors)}
        SmtpChannel(ChannelSettings(name="c0", sender="a@shop.test", sender_name="", options=read)).close()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_the_address_of_a_resolver(written, read):
    """With or without a port, of either kind."""
    assert read == settings({"resolver": written}).doctor.resolver


class Said:
    """DNS of which every name says the same."""

    def __init__(self, *texts):
        self.texts = texts

    def ask(self, name, kind):
        """Return it as texts; there are no addresses."""
        return self.texts if kind == "TXT" else None


SYNTAX = """
v=spf1 include: redirect= exp= a mx: ptr exists: ip4: ip6: all + - ~ ? / // %{d} %{i}
v=DKIM1; v=DMARC1; p= p=none; sp= k= h= s= t=y rua= adkim=s psd=y ; = :
shop.test x.test 192.0.2.0 2001:db8:: 24 0
"""
WORDS = st.sampled_from([*SYNTAX.split(), RSA_1024])
RECORDS = st.lists(WORDS | st.sampled_from([" ", ""]) | st.text(max_size=5), max_size=25).map("".join)


@given(st.sampled_from(["v=spf1 ", "v=DKIM1; ", "v=DMARC1; ", ""]), RECORDS)
def test_whatever_is_published_is_told_in_printable_lines(begin, record):
    """Each check comes to an end with at least one line, and none breaks."""
    said = Said(begin + record)
    for findings in (
        check_spf("shop.test", said, ["smtp.mailer.test"]),
        check_dkim("shop.test", ["s1"], said),
        check_dmarc("shop.test", ["s1._domainkey.x.test"], said),
    ):
        told = [*findings]
        assert told
        assert all(each.told.isprintable() and each.cure.isprintable() for each in told), told
        assert all(each.cure for each in told if not each.ok)
