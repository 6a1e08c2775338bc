"""Names of people with their places, in the forms that photo programs write."""

import pytest

from indexer.media.types import Word
from indexer.media.words.xmp import of_packet

MWG = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag>
<rdf:li rdf:parseType="Resource"><mwg-rs:Area stArea:x="0.5" stArea:y="0.4" stArea:w="0.2" stArea:h="0.3"
  stArea:unit="normalized"/><mwg-rs:Name>Anna Berg</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>
<rdf:li><rdf:Description mwg-rs:Name="Ben" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.05" stArea:y="0.5"
  stArea:w="0.2" stArea:h="0.2" stArea:unit="normalized"/></rdf:Description></rdf:li>
<rdf:li rdf:parseType="Resource"><mwg-rs:Area stArea:x="0.5" stArea:y="0.4" stArea:w="0.2" stArea:h="0.3"/>
  <mwg-rs:Name>Rex</mwg-rs:Name><mwg-rs:Type>Pet</mwg-rs:Type></rdf:li>
<rdf:li rdf:parseType="Resource"><mwg-rs:Area stArea:x="2" stArea:y="nan" stArea:w="0.2" stArea:h="0.3"/>
  <mwg-rs:Name>Odd</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>
</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>Cleo</rdf:li></rdf:Bag></Iptc4xmpExt:PersonInImage>
</rdf:Description></rdf:RDF></x:xmpmeta>"""

MICROSOFT = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:MP="http://ns.microsoft.com/photo/1.2/"
 xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
 xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#">
<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>
<rdf:li MPReg:Rectangle="0.1, 0.2, 0.25, 0.5" MPReg:PersonDisplayName="Anna"/>
<rdf:li MPReg:PersonDisplayName="Ben"/><rdf:li MPReg:Rectangle="a, b" MPReg:PersonDisplayName="Cleo"/>
</rdf:Bag></MPRI:Regions></MP:RegionInfo></rdf:Description></rdf:RDF>"""


def people(packet: str) -> dict[str, Word]:
    return {str(word.value): word for word in of_packet(packet.encode(), "xmp") if word.key == "person"}


def test_regions_of_the_working_group_are_read_from_their_middles() -> None:
    found = people(MWG)
    assert found["Anna Berg"].region == pytest.approx((0.4, 0.25, 0.2, 0.3))
    assert found["Ben"].region == pytest.approx((0.0, 0.4, 0.15, 0.2))  # as far as it is in the picture
    assert found["Odd"].region is None and found["Cleo"].region is None
    assert "Rex" not in found


def test_regions_of_microsoft_are_read_from_their_corners() -> None:
    found = people(MICROSOFT)
    assert found["Anna"].region == pytest.approx((0.1, 0.2, 0.25, 0.5))
    assert found["Ben"].region is None and found["Cleo"].region is None
