"""What is written in the made pictures: signs, sentences and goods in six languages.

Every letter with a mark of its language occurs, since those are what a recogniser loses first.
"""

LANGUAGES = ("en", "de", "fr", "es", "zh", "ja")
WITHOUT_SPACES = frozenset({"zh", "ja"})

SIGNS = {
    "en": (
        "Platform 9|to the harbour",
        "Caution|wet floor",
        "Bakery Miller|open daily|7 am to 6 pm",
        "Beware of the dog",
        "Library|first floor|quiet please",
    ),
    "de": (
        "Gleis 12|Richtung Köln",
        "Vorsicht Stufe",
        "Bäckerei Grünwald|täglich geöffnet|7 bis 18 Uhr",
        "Betreten der Baustelle|verboten",
        "Fußgänger bitte|andere Straßenseite|benutzen",
    ),
    "fr": (
        "Voie 5|direction Orléans",
        "Défense d'afficher",
        "Boulangerie Lefèvre|ouvert dès 7 heures|fermé lundi",
        "Sortie de secours",
        "Forêt protégée|chiens tenus|en laisse",
    ),
    "es": (
        "Andén 3|dirección Málaga",
        "Prohibido el paso",
        "Panadería Núñez|abierto mañana|y tarde",
        "Cuidado con el perro",
        "Estación central|billetes|información",
    ),
    "zh": (
        "小心地滑",
        "上海火车站|第三候车室",
        "图书馆|请保持安静",
        "营业时间|上午九点至下午六点",
        "禁止吸烟",
    ),
    "ja": (
        "立入禁止",
        "東京駅|三番線ホーム",
        "図書館|静かにしてください",
        "営業時間|午前九時から午後六時",
        "足元にご注意ください",
    ),
}
"""Lines of a sign, with bars between them."""

SENTENCES = {
    "en": (
        "The meeting about the new garden house has been moved to Thursday afternoon.",
        "Please send the signed contract back before the end of the month.",
        "Our train leaves the northern station shortly after breakfast.",
        "Nobody expected that the small lighthouse would become so famous.",
        "A quick answer helps us to plan the kitchen and the music.",
        "The temperature of the water rises slowly during early summer.",
    ),
    "de": (
        "Die Besprechung über das neue Gartenhaus wurde auf Donnerstag verlegt.",
        "Bitte schicken Sie den unterschriebenen Vertrag möglichst früh zurück.",
        "Unser Zug fährt kurz nach dem Frühstück vom nördlichen Bahnhof ab.",
        "Niemand hätte erwartet, dass der kleine Leuchtturm so berühmt würde.",
        "Eine schnelle Antwort hilft uns, Küche und Musik zu planen.",
        "Die Größe des Grundstücks beträgt ungefähr achthundert Quadratmeter.",
    ),
    "fr": (
        "La réunion sur la nouvelle maison de jardin est déplacée à jeudi.",
        "Veuillez renvoyer le contrat signé avant la fin du mois.",
        "Notre train quitte la gare du nord peu après le petit déjeuner.",
        "Personne ne pensait que le vieux phare deviendrait aussi célèbre.",
        "Une réponse rapide nous aide à préparer la cuisine et la musique.",
        "La température de l'eau s'élève lentement au début de l'été.",
    ),
    "es": (
        "La reunión sobre la nueva casa del jardín se ha movido al jueves.",
        "Por favor envíe el contrato firmado antes de fin de mes.",
        "Nuestro tren sale de la estación del norte después del desayuno.",
        "Nadie esperaba que el pequeño faro llegara a ser tan famoso.",
        "Una respuesta rápida nos ayuda a preparar la cocina y la música.",
        "La temperatura del agua sube lentamente a principios de año.",
    ),
    "zh": (
        "关于新花园房子的会议改到星期四下午举行。",
        "请在月底之前把签好的合同寄回来。",
        "我们的火车早饭后不久从北站出发。",
        "没有人想到那座小灯塔会变得这么有名。",
        "尽快回答可以帮助我们安排厨房和音乐。",
        "初夏的时候水的温度慢慢升高。",
    ),
    "ja": (
        "新しい庭の家についての会議は木曜日の午後に変わりました。",
        "月末までに署名した契約書を返送してください。",
        "私たちの電車は朝食のすぐ後に北駅を出発します。",
        "あの小さな灯台がこんなに有名になるとは誰も思わなかった。",
        "早いお返事は台所と音楽の準備に役立ちます。",
        "初夏には水の温度がゆっくり上がります。",
    ),
}

GOODS = {
    "en": "Bread,Butter,Apples,Cheese,Coffee,Tomatoes,Orange juice,Onions,Chocolate,Candles".split(","),
    "de": "Brötchen,Butter,Äpfel,Käse,Kaffee,Tomaten,Orangensaft,Zwiebeln,Schokolade,Gewürzgurken".split(","),
    "fr": "Baguette,Beurre,Pommes,Fromage,Café,Tomates,Jus d'orange,Oignons,Crème brûlée,Pâtes".split(","),
    "es": "Pan,Mantequilla,Manzanas,Queso,Café,Tomates,Piña,Cebollas,Chocolate,Jamón ibérico".split(","),
    "zh": "面包,黄油,苹果,奶酪,咖啡,西红柿,橙汁,洋葱,巧克力,蜡烛".split(","),
    "ja": "食パン,バター,りんご,チーズ,コーヒー,トマト,オレンジジュース,玉ねぎ,チョコレート,ろうそく".split(
        ","
    ),
}

TOTALS = {"en": "Total", "de": "Summe", "fr": "Montant", "es": "Importe", "zh": "合计", "ja": "合計"}
