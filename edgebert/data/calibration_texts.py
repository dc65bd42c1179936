"""Texts to calibrate the ranges of int8 activations with, where the user gives none.

A range that was measured on one kind of text clips another kind. So the sample is wide and not
deep: many genres of English, Chinese in both scripts and twenty-six more languages, from one word
to a page, because long inputs reach positions that short ones never touch. All of it was written
for this purpose, and what the news and the studies in it report is made up.
"""

from __future__ import annotations

_NEWS = (
    "Ministers from eleven coastal states agreed on Tuesday to share data about illegal fishing.",
    "Shares in the tram maker Volterra fell 6.4% after it cut its forecast for the third time.",
    "Firefighters needed nine hours to bring the blaze at the furniture warehouse under control.",
    "The mayor of Tampere opened a footbridge that engineers had called impossible ten years ago.",
    "Voters in the northern province turned out in record numbers despite heavy snow.",
    "A court in Nairobi ordered the mining company to pay for the village's new wells.",
    "Goalkeeper Ines Duarte saved two penalties as the visitors won 3-1 after extra time.",
    "Unemployment dropped to 4.1 per cent in August, the lowest figure since the survey began.",
    "Flights out of Reykjavik resumed on Friday once the ash cloud had drifted north.",
    "The museum says that the stolen drawing was found behind a radiator in its own cellar.",
)

_REVIEWS = (
    "I wanted to love this phone, but the screen cracked in my pocket on day three.",
    "Five stars! The tent survived two storms and my three children.",
    "An ordinary thriller with an extraordinary final quarter of an hour.",
    "The waiter forgot our starters, apologised twice and then forgot the dessert as well.",
    "Hands down the most comfortable chair I have ever worked in.",
    "It isn't terrible, it just isn't worth half the price they ask.",
    "The plot has holes you could drive a bus through, and yet I cried at the end.",
    "Cheap, ugly, noisy. Returned it the same afternoon.",
    "Our room was spotless and the view over the lake made up for the thin walls.",
    "Brilliant acting wasted on a script that never decides what it is about.",
    "Does what it says; nothing more, nothing less.",
    "After the last update the app hardly ever crashes, so my rating goes up from 1 to 4.",
)

_QUESTIONS = (
    "Why does my bread collapse as soon as I take it out of the oven?",
    "What is the tallest volcano in the southern hemisphere?",
    "Who invented the zip fastener, and in which year was it patented?",
    "how do i cancel a subscription i bought through my phone",
    "Can a tenant be asked to pay for repainting after eight years?",
    "Which of these two laptops is better for editing video on the train?",
    "Is it safe to take ibuprofen together with antibiotics?",
    "When does daylight saving time end in Chile this year?",
    "Where can I park a camper van overnight near the old town of Porto?",
    "what's the difference between a mutex and a semaphore",
)

_MESSAGES = (  # chat, e-mail
    "omw, save me a seat pls 🙏",
    "lol no way, he actually said that?? 😂😂",
    "Can't talk now, call u after the dentist",
    "happy birthday grandma!!! 🎂🎈 see you on sunday ❤️",
    "brb, someone is at the door",
    "Sooo tired. Why did we agree to a 7 am hike again? 😴",
    "ok",
    "hey, did you get home alright?",
    "Thanks, that fixed it! You're a star ⭐",
    "wait, which Maria? the one from work or the one with the parrot 🦜",
    "I'm fine. Really. Please stop asking.",
    "@leo_k the slides are in the shared folder, pls don't print them #savethetrees",
    "Dear Ms Okafor, thank you for applying; we would like to invite you to an interview.",
    "Hi all, a quick reminder that the timesheets for March are due by noon tomorrow.",
    "Subject: Re: Re: Fwd: broken badge reader on the second floor",
    "Please find attached the signed contract and the new schedule. Kind regards, Piotr Lindqvist",
    "Your password was changed at 03:14 from a new device. If this was you, ignore this message.",
    "I am out of the office until 18 August and will read your message when I return.",
)

_PRODUCTS = (
    "Stainless steel water bottle, 750 ml, double-walled, keeps drinks cold for a full day.",
    "Women's running jacket, windproof, reflective seams, sizes XS to XXL, colour: moss green.",
    "27-inch monitor, 2560 x 1440, 165 Hz, two HDMI ports, height-adjustable stand included.",
    "Organic oat flakes from a family farm. May contain traces of nuts and sesame.",
    "Cordless drill with two 18 V batteries, a charger and 32 bits in a sturdy case.",
    "This hand-knitted baby blanket is made of merino wool and can be washed at 30 degrees.",
    "Refurbished e-reader, grade B: light scratches on the back, battery above 85 %.",
)

_PROFESSIONS = (  # medicine, law, science
    "The patient presents with a dry cough, mild fever and shortness of breath on exertion.",
    "Take one tablet of 5 mg twice daily with food for fourteen days.",
    "No evidence of fracture; moderate soft tissue swelling around the left ankle.",
    "Hypertension and type 2 diabetes are both risk factors for chronic kidney disease.",
    "BP 142/91, HR 88, SpO2 96 % on room air, temperature 37.9 °C.",
    "She denies chest pain, palpitations or any previous episode of fainting.",
    "A biopsy of the thyroid nodule showed benign follicular cells.",
    "The lessee shall not assign this agreement without the written consent of the lessor.",
    "Nothing in clause 14.2 limits liability for personal injury caused by negligence.",
    "The appeal is dismissed and the costs are borne by the applicant.",
    "By ticking this box you agree that we may store your data for up to twenty-four months.",
    "Any dispute arising under these terms is subject to the courts of Rotterdam.",
    "The witness stated under oath that the gate had been locked since Easter.",
    '"Affiliate" means any entity that controls, or is controlled by, a party to this contract.',
    "We show that shallow lakes warm faster than deep ones when wind speeds decline.",
    "The enzyme loses most of its activity above pH 9 but recovers within an hour of dilution.",
    "Gene expression was measured in 64 mice at four time points after the infection.",
    "A new class of perovskite cells reaches an efficiency of 24.8 % without lead.",
    "Our estimator is unbiased for every sample size and needs a single pass over the data.",
    "Seismic waves slow down near the boundary, which suggests that the rock is partly molten.",
    "Participants who slept for less than six hours remembered fewer word pairs (p < 0.01).",
)

_RECIPES = (
    "Whisk 3 eggs with 120 g of sugar until pale, then fold in the flour.",
    "Fry the onions slowly in butter until they are golden, not brown.",
    "Serves four. Preparation: 20 minutes, plus one night in the fridge.",
    "Season with lime juice, fish sauce and a pinch of chilli, and scatter coriander on top.",
    "Let the dough rise in a warm place until it has doubled, about 1½ hours.",
    "Roast the pumpkin at 200 °C for 35 min, turning it once.",
)

_CODE_AND_LOGS = (
    "2024-11-03T22:41:07Z WARN worker[7]: queue depth 1042 exceeds soft limit 1000",
    "ERROR: cannot open '/var/lib/app/cache.db': permission denied (uid=1001)",
    'GET /api/v2/orders?status=open&page=3 HTTP/1.1 200 5312 "curl/8.4.0"',
    "def mean(values): return sum(values) / len(values) if values else 0.0",
    "SELECT name, COUNT(*) FROM visits WHERE day >= '2023-01-01' GROUP BY name;",
    "npm install finished in 14s, 3 vulnerabilities (1 low, 2 moderate)",
    '{"id": 48213, "user": "mkarlsen", "tags": ["beta", "eu-north"], "active": true}',
    "Traceback: KeyError: 'customer_id' in build_report, line 218 of reports/monthly.py",
    "https://docs.example.org/guide/install?lang=en#requirements",
    "git rebase -i HEAD~4 && git push --force-with-lease origin fix/login-timeout",
    "for (int i = 0; i < n; ++i) { total += weights[i] * inputs[i]; }",
    '<a href="https://shop.example.com/cart" class="btn btn-primary">View cart</a>',
)

_NUMBERS_AND_NAMES = (
    "Order 77-40213-B, 2 x EUR 19.99, shipped 05.07.2024, arriving 8-10 July.",
    "Call +44 20 7946 0018 on weekdays between 8:30 and 17:00.",
    "The parcel measures 42 x 30 x 18 cm and weighs 3,750 g.",
    "1, 1, 2, 3, 5, 8, 13, 21, 34 and so on.",
    "Room 12B, 4th floor, 219 Linden Avenue, Harrow Falls 04417",
    "Revenue: $1.28bn (2022: $1.31bn); net margin 7.5 %; dividend $0.42 per share.",
    "Sunrise 05:52, sunset 20:31, high tide at 11:18 (3.4 m), wind 22 km/h from the west.",
    "Professor Amina Yusuf of the University of Ghana met Lars Holmgren in Geneva on Monday.",
    "Kestrel Airways will move its headquarters from Dublin to Leipzig in 2026.",
    "The band Paper Lanterns recorded the album in Havana with the producer Tomás Iglesias.",
    "Mr. Chukwu, Mrs. O'Brien and Dr. van der Meer sit on the board of the Alder Foundation.",
    "UNICEF and the Red Cross sent trucks from Amman to the camp near the Iraqi border.",
    "Manchester, Lyon and Seville all want to host the final of the Continental Cup.",
    'In "The Glass Orchard" by Priya Raman, a lawyer from Mumbai inherits a farm in Tasmania.',
)

_CARELESS = (
    "BREAKING: POWER CUT ACROSS THE WHOLE CITY, TRAINS AT A STANDSTILL",
    "DO NOT OPEN THIS DOOR WHILE THE RED LIGHT IS ON",
    "i definately recieved teh wrong size agian, pls send a new one",
    "the wether was realy bad so we stayd in and wathced a moive",
    "she moved from leeds to lagos last spring and never looked back",
    'WHY IS MY REFUND STILL "PENDING"??? I WAS TOLD 3 DAYS!!!',
    "Yesss!!! Finally... it works :-) <3",
    "asap",
)

_ENGLISH_PARAGRAPHS = (
    (
        "Two weeks after the flood, most shops along the river have reopened, but the school will "
        "stay closed until the wiring has been replaced. The council expects repairs to cost about "
        '3.2 million pounds. "We knew the wall was old," said councillor Harriet Boyle, "but '
        'nobody thought that the water would simply walk around it."'
    ),
    (
        "We booked this hotel for our anniversary and regretted it within ten minutes. The lift "
        "was out of order, the carpet smelled of smoke and the receptionist shrugged when we "
        "showed him the confirmation. The only bright spot was breakfast: fresh bread, good coffee "
        "and a cook who clearly cares. One star for her, none for anybody else."
    ),
    (
        "I have used this vacuum cleaner every week for a year. It is lighter than my old one and "
        "gets under the sofa without a fight, and the filter takes a minute to rinse. On the other "
        "hand, the cable is far too short for our stairs and the brush clogs with long hair. I "
        "would buy it again, though not at full price."
    ),
    (
        "Dear team, the release planned for Thursday moves to Monday because the payment provider "
        "has not yet approved our certificate. Please do not merge anything into the release "
        "branch until then. If a customer asks, say that the new invoices arrive next week. Thank "
        "you for your patience, and sorry for the short notice. Yours, Mirela"
    ),
    (
        "Customer: my router keeps dropping the connection every evening around eight. Agent: I'm "
        "sorry to hear that. Which lights are on when it happens? Customer: the second one blinks "
        "orange, the others are green. Agent: thank you, that points to the line and not to the "
        "device. I can send a technician on Wednesday between 9 and 12."
    ),
    (
        "A 67-year-old man with a history of atrial fibrillation was admitted after a fall at "
        "home. On examination he was alert, with a laceration of 3 cm above the right eyebrow and "
        "no focal weakness. A scan of the head showed no bleeding. Warfarin was withheld for 48 "
        "hours and he was discharged on day three with advice to see his family doctor."
    ),
    (
        "The supplier warrants that the goods conform to the specification in Annex B for a period "
        "of eighteen months from delivery. The buyer must give notice of any defect within thirty "
        "days of discovering it, and the supplier shall, at its own choice, repair or replace the "
        "goods. This warranty does not apply where the goods were altered or used contrary to the "
        "instructions."
    ),
    (
        "Urban trees cool the streets around them, yet the size of the effect is rarely measured "
        "at night. We placed 212 sensors in six cities and recorded air temperature for two "
        "summers. Streets with a closed canopy were 1.9 K cooler by day but only 0.3 K cooler "
        "after midnight. We conclude that shade alone does not relieve residents during hot nights."
    ),
    (
        "For the soup, soften two leeks and a stick of celery in olive oil, then add four "
        "potatoes, cut into cubes, and a litre of stock. Simmer for twenty minutes and blend half "
        "of it, so that some pieces remain. Stir in a spoonful of mustard and plenty of black "
        "pepper. Serve it with toasted rye bread and, if you like, a slice of smoked trout."
    ),
    (
        "To reset the thermostat, hold the two outer buttons for ten seconds until the display "
        'shows "CL". Release them, wait for the beep and press the middle button once. All '
        "schedules are deleted, but the Wi-Fi settings remain. If the display stays blank, replace "
        "the batteries (2 x AAA) and try again. Do not remove the front panel while the heating is "
        "running."
    ),
    (
        'After upgrading from 4.7.2 to 5.0.0 the importer stops at row 65,536 with "IndexError: '
        'list index out of range". Steps to reproduce: create a CSV file with 70,000 rows, run '
        "`tool import data.csv --strict`, wait. Expected: all rows are imported. Actual: the "
        "process exits with status 1 and leaves a lock file in /tmp. Happens on Debian 12 and on "
        "Windows 11."
    ),
    (
        "Salt was once worth fighting over. Towns that owned a spring or a mine taxed every cart "
        "that left the gate, and whole roads were built so that the white crystals could reach the "
        "coast before the autumn rain. When refrigeration arrived, meat and fish no longer had to "
        "be cured, and within two generations the salt roads became quiet lanes for hikers."
    ),
    (
        "Gross margin improved by 120 basis points in the second quarter, helped by lower freight "
        "costs and a better mix of products. Operating expenses rose by 4 %, mainly because of "
        "wages. The board now expects full-year revenue of between 610 and 640 million dollars and "
        "has approved a share buyback of up to 25 million, which starts on 1 September."
    ),
    (
        "The night ferry leaves at half past nine, and if you are lucky the sea is flat and the "
        "deck is warm enough to sit outside. Bring your own sandwiches. By four in the morning you "
        "pass the first islands, black against a grey sky, and an hour later the whole boat smells "
        "of coffee and wet rope."
    ),
    (
        '"You kept the letters?" she asked. He nodded, without looking at her, and went on sorting '
        'screws into the jar. Outside a dog barked twice and gave up. "All of them?" "All the ones '
        'that came," he said. "The others I wrote myself." She laughed then, for the first time '
        "since the funeral, and reached for the kettle."
    ),
    (
        "We are looking for a nurse (m/f/d) for our day clinic in Graz, 30 hours a week, from "
        "October or by arrangement. You have completed your training, speak German at level B2 and "
        "like to work in a small team. We offer regular hours, no night shifts, and five extra "
        "days for courses each year. Please apply by e-mail to jobs@clinic.example."
    ),
    (
        "so i tried the trick with the vinegar and it kinda worked?? the stain is gone but now the "
        "hole carpet smells like a salad bar. my flatmate thinks its hilarious, i dont. does "
        "anyone know how long that lasts or shoud i just rent one of those machines from the "
        "supermarkt. also sorry for my spelling im on my phone"
    ),
    (
        "Lindgren attacked on the last climb, 14 km from the line, and only the young Colombian "
        "Restrepo could follow. They shared the work until the final bend, where a wet drain cover "
        "took Lindgren's front wheel away. Restrepo waited, looked back, saw him stand up, and won "
        'by eleven seconds. "I would rather have sprinted," he said afterwards.'
    ),
    (
        "Pupils who start reading late are often thought to be slow, although many of them simply "
        "lack books at home. The pilot scheme gives every family ten picture books a year and an "
        "hour a week with a volunteer. Teachers report that children join in sooner and ask more "
        "questions. Whether the effect lasts beyond the third year is not known yet."
    ),
)

_ENGLISH_PAGES = (
    (
        "When the last weaver in Calder Bridge retired, the town offered her looms to the county "
        "museum, and the museum politely declined because they would not fit through the door. So "
        "they stayed where they were, in a shed behind the post office, under a roof that leaked "
        "only when the wind came from the east. For nine years nobody went in except the cat. Then "
        "Oliver Penhaligon, who had taught chemistry at the secondary school until his voice gave "
        "out, asked for the key. He had never woven anything. He spent the first winter oiling, "
        "the second reading, and the third making a strip of cloth so uneven that his wife used it "
        "to wrap the pipes. By the sixth winter he was selling scarves at the Saturday market, and "
        'a fashion house in Antwerp had sent a young man with a notebook to watch him work. "I '
        'told him what I tell everyone," Penhaligon says. "The loom knows more than you do, and it '
        'is in no hurry." Last month the museum wrote again. It has a new building now, with a '
        "very wide door, and would the town reconsider? The council met, talked for an hour and "
        "voted unanimously to say no."
    ),
    (
        "Background: Shift workers report poor sleep more often than day workers, but it is "
        "unclear whether short naps during the night shift improve recovery or merely postpone it. "
        "Methods: We carried out a randomised crossover trial with 96 nurses in four hospitals. "
        "Each nurse worked two blocks of five night shifts, one with a nap of 25 minutes at about "
        "03:00 and one without. Sleep after the shift was recorded with a wrist sensor, and "
        "attention was tested at the beginning and at the end of every shift. Results: "
        "Eighty-eight nurses completed both blocks. With a nap, reaction times at the end of the "
        "shift were 31 ms shorter (95 % confidence interval 19 to 43) and the number of lapses "
        "fell by a third. Sleep during the following day was 14 minutes shorter, a difference that "
        "disappeared after the third shift. Two nurses reported that they felt worse on waking and "
        "stopped taking naps. No adverse events were related to the intervention. Conclusion: A "
        "short nap improves attention towards the end of a night shift at a small cost to sleep on "
        "the following day. Larger studies should examine whether it also reduces errors in the "
        "preparation of medicines, and whether the effect holds for older staff."
    ),
    (
        "Dear Mr and Mrs Abernathy, thank you for your letter of 12 February about the boiler in "
        "flat 9. I was sorry to read that you went without hot water for six days in what was, by "
        "any measure, an unpleasant week. Having spoken to our contractor, Northgate Heating Ltd, "
        "I can tell you what happened. The engineer who came on the Monday ordered a pump (part "
        "no. HX-2208) and was told that it would arrive on the next day. It did arrive, but at the "
        "depot in Carlisle instead of the one in Preston, and nobody noticed until you telephoned "
        "on Thursday. We should have offered you a temporary heater straight away, and we did not. "
        "I have therefore asked our accounts department to credit £180.00 to your rent account, "
        "which covers the six days and the cost of the laundry that you enclosed receipts for. You "
        "will see it on your next statement. In addition, the boiler will be inspected free of "
        "charge in October. If you are not satisfied with this reply, you may take the matter to "
        "the housing ombudsman within eight weeks. Please accept my apologies. Yours sincerely, "
        "Judith Marchetti, Tenant Services"
    ),
    (
        "# Running the collector. The collector reads measurements from a serial port and writes "
        "them to a local database, from which `uploader` sends them in batches. Install both with "
        "`pip install fieldkit[serial]`, then copy `collector.example.toml` to "
        "`/etc/fieldkit/collector.toml` and set at least `port`, `baud_rate` and `station_id`. "
        "Start it with `systemctl start fieldkit-collector`, and look at the last lines of its log "
        "with `journalctl -u fieldkit-collector -n 50`. A line such as `INFO 2023-06-14 08:15:02 "
        "stored=120 dropped=0 lag_ms=37` is written every minute. If `dropped` grows, the device "
        "sends faster than the disk can write: raise `batch_size` from 64 to 256, or move the "
        "database to a faster disk. Error E17 means that the checksum of a frame was wrong; one or "
        "two a day are normal with long cables, more than ten an hour are not. Error E23 means "
        "that the clock of the device differs by more than five seconds from that of the host. To "
        "rotate the database, call `fieldkit rotate --keep 30d`; rows that were not uploaded yet "
        "are never deleted. The HTTP status page is at http://localhost:8090/status and returns "
        'JSON: {"state": "ok", "queue": 12, "version": "3.4.1"}. Questions are welcome at '
        "https://forum.example.net/c/fieldkit."
    ),
    (
        "Honestly, I did not expect to finish this game, let alone to write about it. The first "
        "three hours are a chore: you push crates, you fetch lamp oil for a lighthouse keeper who "
        "never says thank you, and the map is so dark that I played with the curtains closed at "
        "noon. Then the tide goes out. I will not spoil what lies on the sea floor, but I sat "
        "there with my mouth open, and from that moment on every clumsy idea of the opening turns "
        "out to have had a purpose. The crates are instruments. The lamp oil matters. The keeper's "
        "silence, once you learn the reason, is the saddest thing I have seen in a game for years. "
        "It is not perfect. The controls stick, the subtitles are tiny, I lost forty minutes to a "
        "bug in the harbour, and the music loops where it should breathe. On my old console the "
        "loading times are long enough to make tea. Still, if you have any patience at all, give "
        "it one rainy weekend and forgive the beginning. Nobody I know has made anything braver "
        "this year. Story 10/10, graphics 7/10, controls 5/10, and a memory that I would not swap "
        "for a dozen smoother games."
    ),
    (
        "MINUTES of the meeting held on Wednesday 6 November 2024 at 19:00 in the village hall. "
        "Present: S. Adeyemi (chair), R. Castellano, M. Fairweather, T. Nguyen, 14 residents. "
        "Apologies: H. Brandt. 1. The minutes of 2 October were approved with one correction: the "
        "cost of the bench is £640, not £460. 2. Speeding on Mill Lane. The police recorded 1,318 "
        "vehicles in one week, of which 212 were faster than 30 mph and nine were faster than 45 "
        "mph. Mr Castellano proposed a second sign; Ms Nguyen preferred planters that narrow the "
        "road. A vote was taken: planters 9, sign 6, undecided 3. The clerk will ask the county "
        "for permission. 3. Playground. The swings failed the safety inspection and have been "
        "taken down. Three quotations were received (£2,950, £3,400 and £5,125). It was agreed to "
        "accept the first, provided that installation is finished by Easter. 4. Any other "
        "business. A resident asked why the footpath to the station is still flooded. The chair "
        "explained that the drain belongs to the railway and that two letters have gone "
        "unanswered; a third will be sent by registered post, with photographs. The meeting closed "
        "at 20:25. Next meeting: Wednesday 4 December, same place, same time."
    ),
    (
        "INTERVIEWER: You grew up in Dakar, studied in Montreal and now you design bridges in "
        "Osaka. Where is home? DIALLO: Wherever my drawing board is. No, seriously, I think that "
        "home is the place whose weather you complain about with authority. INTERVIEWER: So Osaka. "
        "DIALLO: Osaka in August, definitely. INTERVIEWER: Your pedestrian bridge in Kobe moves "
        "when people walk on it. On purpose? DIALLO: On purpose! Engineers are trained to be "
        "afraid of movement, and for good reasons. But a bridge that is completely still feels "
        "dead under your feet. This one gives about four millimetres. You notice it without "
        "knowing what you notice. INTERVIEWER: Did anybody complain? DIALLO: One gentleman, every "
        "week, for a year. Then he stopped. I wrote to him to ask whether he was well, and he "
        "answered that he had begun to like it and was embarrassed. We have lunch now. "
        "INTERVIEWER: What are you working on next? DIALLO: A very small one. A school on an "
        "island needs a way across a stream, eleven metres wide, and the pupils want to help to "
        "build it. I have never been so nervous about a client in my life."
    ),
    (
        "5. Use of the service. 5.1 You may use the service only for lawful purposes and in "
        "accordance with these terms. 5.2 You must not (a) give your password to any other person, "
        "(b) attempt to gain access to the accounts of others, (c) upload material that infringes "
        "the rights of a third party, or (d) use automated means to collect content, except as "
        "permitted by clause 7. 5.3 We may suspend your account without notice if we reasonably "
        "believe that you have breached clause 5.2; in every other case we shall give you at least "
        "fourteen days' notice by e-mail. 6. Fees. 6.1 The fees are those shown on our price list "
        "at the time of your order and include value added tax where it applies. 6.2 If a payment "
        "fails, we shall try to collect it again after three and after seven days. 6.3 We may "
        "change our fees once in each calendar year. If the increase is more than 5 %, you are "
        "entitled to terminate the contract with effect from the date on which the increase takes "
        "effect, and we shall refund any amount that you have paid in advance for the period after "
        "that date. 6.4 Nothing in this clause affects rights that consumers have under mandatory "
        "law."
    ),
    (
        "Sourdough for patient people. The evening before, stir 50 g of active starter into 350 g "
        "of lukewarm water, add 400 g of bread flour and 100 g of wholemeal, and mix until no dry "
        "patches are left. Cover the bowl and wait for forty minutes. Sprinkle 10 g of salt over "
        "the dough, wet your hands and work it in by folding the edges towards the middle. Repeat "
        "the folding three more times, half an hour apart; each time the dough will feel smoother "
        "and a little more alive. Leave it on the kitchen table overnight if your kitchen is cool "
        "(18 °C), or for about five hours if it is not. In the morning it should have grown by "
        "half and wobble like jelly. Shape it into a tight ball, put it upside down into a floured "
        "basket and let it rest while the oven, with a heavy pot inside, heats to 245 °C. Tip the "
        "loaf into the hot pot, cut a cross into the top, put the lid on and bake for 25 minutes; "
        "then take off the lid and give it another 20, until the crust is darker than you think is "
        "right. Now comes the hard part: do not cut it for an hour."
    ),
)

_CHINESE = (
    "市政府昨天宣布，明年起全市公共图书馆将延长开放到晚上十点。",
    "受台风影响，今天上午共有四十二趟列车停运，旅客可以免费退票。",
    "这家科技公司的第三季度营业收入同比增长了百分之十七点三。",
    "主队在最后两分钟连进两球，以三比二逆转取胜。",
    "研究人员在云南的一片山林里发现了一种新的蝴蝶。",
    "手机收到了，屏幕很清晰，就是电池不太耐用，一天要充两次。",
    "酒店位置不错，可惜隔音太差，半夜还能听见隔壁打麻将。",
    "这部电影前半段有点闷，后半段简直停不下来，强烈推荐！",
    "垃圾产品，用了三天就坏了，客服还一直不回复。",
    "孩子特别喜欢这本绘本，每天睡觉前都要听一遍。",
    "请问从火车站到大学城坐几号线地铁最方便？",
    "身份证丢了应该怎么补办，需要多长时间？",
    "为什么猫看到黄瓜会跳起来？",
    "怎样才能把羽绒服洗干净又不结块",
    "帮我定一个明天早上六点半的闹钟",
    "哈哈哈哈笑死我了😂你也太逗了吧",
    "在吗?周末要不要一起去爬山",
    "收到，谢谢老师🙏我马上改",
    "亲,这款有黑色吗?包邮吗?",
    "王女士您好，您预订的机票已经出票，航班号为CX7328，请提前两小时到达机场。",
    "各位同事：本周五下午三点进行消防演习，请大家准时参加。",
    "纯棉短袖T恤，男女同款，有白、灰、藏青三种颜色，尺码S至3XL。",
    "便携式榨汁机，容量350毫升，USB-C接口充电，重量仅480克。",
    "患者三天前出现咳嗽、低热，伴有咽痛，无胸闷及呼吸困难。",
    "每日两次，每次一片，饭后服用，孕妇慎用。",
    "甲方应当在收到货物之日起十五日内支付全部货款。",
    "被告人对上述事实没有异议，法院依法予以确认。",
    "本文提出了一种基于注意力机制的时间序列预测方法，并在五个数据集上进行了验证。",
    "水开后放入面条，煮三分钟捞出，淋上热油和葱花即可。",
    "李晓梅毕业于四川大学，现任蓝海环境基金会秘书长。",
    "2023年11月8日，零下5℃，东北风3级，空气质量指数62，良。",
    "请登录 https://www.example.cn/help 下载最新版本（v3.2.0），或者拨打400-000-1234。",
    "會議改到下星期二下午兩點，地點不變。",
    "這間咖啡廳的蛋糕很好吃，而且老闆非常親切。",
    "請問捷運站出口附近有沒有可以寄放行李的地方？",
    "颱風逐漸遠離，各縣市明天恢復正常上班上課。",
    "呢間茶餐廳嘅奶茶真係好飲，下次再嚟。",
    "陳先生在臺南經營一家修理舊鐘錶的小店，已經四十多年了。",
)

_CHINESE_PARAGRAPHS = (
    (
        "老街口的修鞋摊已经摆了二十六年。师傅姓周，话不多，手却很快，一双开了胶的皮鞋，十分钟就能修"
        "好。附近的年轻人现在很少修鞋，坏了就买新的，可是每到换季，还是有人抱着一袋子旧靴子来找他。"
        "他说，只要眼睛还看得清，就会一直干下去。"
    ),
    (
        "上个月买的扫地机器人，总体来说比较满意。优点是噪音小，遇到地毯会自动加大吸力，手机上还能看"
        "到清扫路线。缺点是水箱太小，拖一次地要加两回水，而且偶尔会卡在餐桌下面出不来。如果价格再便"
        "宜两百块，我会给五颗星。"
    ),
    (
        "客服：您好，请问有什么可以帮您？用户：我的快递显示已签收，但是我根本没有收到。客服：非常抱"
        "歉，请您提供一下订单号。用户：尾号是6093。客服：查到了，包裹放在小区南门的快递柜里，取件码"
        "已经重新发到您的手机上。用户：好的，谢谢。"
    ),
    (
        "目的：探讨有氧运动对老年人睡眠质量的影响。方法：将120名受试者随机分为运动组和对照组，运动"
        "组每周进行三次、每次四十分钟的快走训练，持续十二周。结果：运动组的入睡时间平均缩短了十一分"
        "钟，夜间觉醒次数明显减少。结论：规律的有氧运动有助于改善老年人的睡眠。"
    ),
    (
        "西红柿牛腩的做法：先把牛腩切成三厘米见方的块，冷水下锅，加姜片和料酒，煮开后撇去浮沫。另起"
        "油锅炒香葱、姜、八角，放入西红柿炒出汁水，再倒入牛腩和没过食材的热水，小火炖一个半小时。最"
        "后加盐调味，收汁后撒上香菜。"
    ),
    (
        "因為連日大雨，山區的產業道路有三處坍方，部落一度對外中斷。縣府調派了五部機具搶修，預計後天"
        "中午以前可以開放單線通車。當地小學改為線上上課，民生物資則由直升機運送。居民林阿姨說，大家"
        "互相幫忙煮飯，日子還過得去，只希望雨快點停。"
    ),
)

_CHINESE_PAGES = (
    (
        "外婆家的院子里有一棵柿子树，据说是她结婚那年种下的。小时候每到十月，我和表哥就搬来梯子，一"
        "个在上面摘，一个在下面接，常常接不住，柿子掉在地上摔成一摊橙红色的泥，鸡就围过来抢着吃。外"
        "婆从不骂我们，只是站在屋檐下笑，说树上的东西本来就该有鸟的一份、鸡的一份、土地的一份，剩下"
        "的才是人的。后来我去外地读书，又去了更远的地方工作，回去的次数一年比一年少。去年秋天，村里"
        "要修路，院墙得往里退三米，柿子树正好在线上。施工队的人来量了好几次，外婆每次都给他们端"
        "茶，也不说同意，也不说不同意。最后队长自己改了图纸，让路拐了一个小小的弯。他说他在那棵树下"
        "喝了六回茶，实在下不了手。今年我回去的时候，树上结的果子比哪一年都多，新修的路从旁边绕过"
        "去，过路的人抬头就能看见。外婆在路边放了一只竹篮，篮子上贴着一张纸，写着四个字：请随便拿。"
    ),
    (
        "根据《房屋租赁合同》第三条的约定，租赁期限自2023年4月1日起至2025年3月31日止，月租金为人民"
        "币4800元，押金为两个月租金，乙方应当于每月5日之前将租金汇入甲方指定的银行账户。乙方逾期付"
        "款超过十日的，甲方有权按照每日万分之五的标准收取违约金；逾期超过三十日的，甲方可以解除合"
        "同，并要求乙方在七日内搬离。租赁期间，房屋主体结构以及水、电、暖气管道的维修由甲方负责，因"
        "乙方使用不当造成的损坏由乙方承担。未经甲方书面同意，乙方不得转租房屋，不得改变房屋的用"
        "途，也不得对房屋进行装修。合同期满后，乙方如需继续租用，应当提前六十日书面通知甲方，在同等"
        "条件下乙方享有优先承租权。双方因履行本合同发生争议的，应当首先协商解决；协商不成的，任何一"
        "方均可以向房屋所在地的人民法院提起诉讼。本合同一式两份，甲乙双方各执一份，自双方签字之日起"
        "生效。"
    ),
    (
        "很多人以为深海里一片寂静，其实那里相当热闹。鲸的叫声可以传到几百公里以外，虾群开合钳子的声"
        "音像炒豆子一样，海底火山喷发时的低频震动甚至能绕地球半圈。为了听清这些声音，一个由海洋学家"
        "和工程师组成的小组在南海布放了三十六个水听器，最深的一个在水下3870米。设备每隔二十分钟记录"
        "五分钟的声音，电池可以工作十四个月。第一批数据取回来之后，研究人员发现，过往货轮的噪声比预"
        "想的要大得多：在繁忙的航道附近，人造噪声占了全部声能的六成以上，而且集中在鲸用来交流的频率"
        "上。更让人意外的是，渔民休渔的那三个月里，鲸的叫声不但更频繁，而且音调更低，好像不必再“提"
        "高嗓门”说话。小组下一步打算与航运公司合作，请部分船只把航速降低百分之十五，看看海底会不会"
        "因此安静一些。负责人赵明远说：“我们没有办法让大海闭嘴，但是至少可以自己小声一点。”"
    ),
    (
        "去年夏天我一個人騎腳踏車環島，原本計畫十天，結果花了十六天。第一天從臺北出發，天氣好得不像"
        "話，我一路唱歌到新竹；第二天開始下雨，褲子從早濕到晚，晚上住在一間只有四個房間的民宿，老闆"
        "娘煮了一大碗薑湯，還幫我把鞋子塞滿報紙。到了南部，太陽大得柏油路都在發亮，我學會了中午睡"
        "覺、傍晚趕路。在屏東，鏈條斷了，一位賣鳳梨的阿伯把我連人帶車載到修車行，怎麼都不肯收錢，只"
        "叫我以後看到別人有困難也停下來。東部的海岸最美，也最累，每一個轉彎後面都是另一個上坡。我在"
        "一個小車站遇到一位退休的老師，她正在走路環島，已經走了三十一天。我問她為什麼不騎車，她說騎"
        "車太快了，會錯過路邊的狗。最後一天回到家，媽媽看著我曬黑的臉說，瘦了。我想告訴她的事情太"
        "多，一時不知道從哪裡開始，只好先去洗澡。"
    ),
)

_GERMANIC = (  # German, Dutch, Swedish
    "Der Zug nach Freiburg fällt heute wegen eines Oberleitungsschadens aus.",
    "Leider passt die Jacke überhaupt nicht, die Ärmel sind zehn Zentimeter zu lang.",
    "Wie beantrage ich eine neue Krankenversicherungskarte?",
    "moin, bringst du nachher noch brötchen mit? 🥐",
    (
        "Als der alte Güterbahnhof im Norden der Stadt vor zwölf Jahren geschlossen wurde, wollte "
        "zunächst niemand das Gelände haben. Der Boden war mit Öl belastet, die Gleise waren "
        "überwuchert, und für den Abriss der Hallen fehlte das Geld. Dann pachtete ein Verein von "
        "Nachbarn die kleinste der Hallen für einen Euro im Jahr und richtete darin eine "
        "Fahrradwerkstatt ein. Im zweiten Sommer kamen Hochbeete dazu, im dritten ein Café, das "
        "nur samstags öffnete und dessen Kuchen sich schnell herumsprach. Heute arbeiten auf dem "
        "Gelände elf Handwerksbetriebe, eine Druckerei und eine Musikschule mit mehr als "
        "zweihundert Schülerinnen und Schülern. Die Stadtverwaltung, die das Grundstück lange "
        "verkaufen wollte, hat den Pachtvertrag im März um dreißig Jahre verlängert. „Wir haben "
        "nie einen Plan gehabt, der länger war als eine Seite“, sagt die Vorsitzende Gudrun "
        "Weißhaupt, „und vielleicht hat es gerade deshalb funktioniert.“ Sorgen bereitet ihr nur "
        "das Dach: Es müsste dringend erneuert werden, und der Kostenvoranschlag liegt bei 480.000 "
        "Euro. Im Herbst soll deshalb ein Fest mit Flohmarkt, Konzerten und einer Versteigerung "
        "stattfinden, zu dem die ganze Stadt eingeladen ist."
    ),
    "De gemeente Groningen plant dit najaar tweehonderd nieuwe bomen langs het kanaal.",
    "Prima fiets voor dit geld, alleen het zadel zit als een houten plank.",
    "Hoe kan ik mijn abonnement opzeggen zonder boete te betalen?",
    "ff wachten, ik sta nog in de rij bij de bakker 😬",
    (
        "Toen de brug vorige week openging voor een zeilboot, ging hij niet meer dicht. Drie uur "
        "lang stonden fietsers, bussen en een bruidspaar aan de verkeerde kant van het water. Een "
        "schipper bood aan om iedereen over te zetten, vijf mensen per keer, en vroeg er niets "
        "voor. De bruid kwam als eerste aan de beurt en was nog net op tijd."
    ),
    "Regeringen vill bygga ut järnvägen mellan Umeå och Luleå före 2032.",
    "Jackan är varm och snygg, men dragkedjan gick sönder efter en vecka.",
    "Hur länge kan man förvara kokt ris i kylskåpet?",
    "hej, glöm inte att mata katten ikväll 🐈",
    (
        "När isen lägger sig på sjön brukar byns äldsta gå ut först, med en käpp i handen och ett "
        "rep runt midjan. Om hon kommer tillbaka torrskodd får barnen åka skridskor. I år väntade "
        "hon till slutet av januari, och ungdomarna klagade högt. Två dagar senare sprack isen "
        "mitt i viken, och sedan dess har ingen klagat."
    ),
)

_ROMANCE = (  # French, Spanish, Portuguese, Italian, Romanian
    "Le ministère a confirmé que les élections auront lieu le dimanche 9 juin.",
    "J'ai adoré ce roman, même si la fin m'a laissée perplexe.",
    "Où puis-je faire réparer l'écran de mon téléphone à Grenoble ?",
    "Désolé pour le retard, il y avait des bouchons partout 😅",
    (
        "Au bout de la jetée, dans une cabane peinte en bleu, Yvonne Le Goff répare des filets "
        "depuis l'âge de quinze ans. Elle en a aujourd'hui soixante-treize. Les pêcheurs du port "
        "lui apportent leurs filets déchirés le vendredi soir et les reprennent le lundi matin, "
        "sans jamais demander le prix, parce que le prix n'a pas changé depuis la dernière fois et "
        "que tout le monde le connaît. L'hiver dernier, une équipe de télévision est venue la "
        "filmer. On lui a demandé si elle n'avait pas peur que son métier disparaisse. Elle a "
        "réfléchi, elle a fait encore trois nœuds, puis elle a répondu que la mer, elle, n'avait "
        "pas l'intention de disparaître, et que tant qu'il y aurait des rochers il y aurait des "
        "trous. Depuis la diffusion du reportage, deux jeunes gens, Malik et Océane, viennent "
        "apprendre chaque mercredi après-midi. Ils sont encore lents, dit-elle, et leurs nœuds "
        "sont trop serrés, mais ils écoutent. La mairie a promis de chauffer la cabane avant Noël "
        "; Yvonne, qui a déjà entendu cette promesse sous quatre maires différents, a gardé son "
        "gros pull et son poêle à bois."
    ),
    "La empresa anunció que contratará a trescientas personas en su planta de Zaragoza.",
    "El servicio fue pésimo: esperamos una hora y la sopa llegó fría.",
    "¿A qué hora abre la farmacia los domingos?",
    "¡Qué alegría verte por aquí! Mañana te llamo y nos ponemos al día.",
    (
        "Durante más de cuarenta años, el reloj de la plaza de Villar del Olmo marcó siempre las "
        "cinco y diez. Nadie recordaba con exactitud cuándo se había parado: unos decían que fue "
        "la noche de la gran nevada, otros que el día en que se marchó el último maestro. Los "
        "vecinos se acostumbraron, y hasta le tomaron cariño, porque, como decía el panadero, era "
        "el único reloj del mundo que nunca metía prisa a nadie. La primavera pasada llegó al "
        "pueblo una relojera jubilada, doña Carmen Ibáñez, que buscaba una casa tranquila con "
        "huerto. Al tercer día subió a la torre con una linterna y una caja de herramientas, y al "
        "bajar anunció que solo faltaba una pieza del tamaño de una uña. El ayuntamiento convocó "
        "una reunión. Hubo discursos a favor y en contra, se habló del progreso, de la identidad y "
        "del precio del aceite para máquinas. Al final se llegó a un acuerdo: el reloj funcionaría "
        "de lunes a viernes, y los fines de semana volvería a marcar las cinco y diez. Desde "
        "entonces vienen turistas a verlo pararse cada viernes a medianoche."
    ),
    "A prefeitura de Recife vai trocar as lâmpadas de todas as praças até dezembro.",
    "Comprei este liquidificador há um mês e já não funciona, não recomendo.",
    "Você sabe se o ônibus 104 passa perto do hospital?",
    "Bom dia! Segue em anexo a fatura n.º 2213, no valor de 86,40 €.",
    (
        "A minha avó guardava as receitas numa lata de bolachas, escritas em envelopes velhos e "
        "bilhetes de autocarro. Quando ela morreu, ninguém conseguia ler a letra. Passei um "
        "inverno inteiro a decifrar medidas como «um copo dos pequenos» e «farinha até chegar». O "
        "primeiro bolo ficou duro como pedra, o segundo desabou, e o terceiro, finalmente, fez a "
        "minha mãe chorar."
    ),
    "Il consiglio comunale di Bari ha approvato il bilancio con due voti di scarto.",
    "Film lento, ma la fotografia è così bella che si perdona tutto.",
    "Qual è la differenza tra un contratto a termine e uno a chiamata?",
    "Ci vediamo alle otto davanti al cinema, non fare tardi!",
    (
        "La funivia che collega la valle al rifugio resterà chiusa fino a metà giugno per la "
        "sostituzione dei cavi. Chi vuole salire può prendere il sentiero numero 7, che parte "
        "dietro la chiesa e richiede circa tre ore, oppure la navetta che passa ogni quaranta "
        "minuti. Il gestore ricorda che in quota c'è ancora neve e che servono scarponi adatti."
    ),
    "Guvernul a anunțat că salariile profesorilor vor crește din septembrie.",
    "Aplicația merge bine pe telefon, dar pe tabletă se blochează mereu.",
    "Unde găsesc un medic stomatolog deschis duminica în Cluj?",
    "Bună, ajung în zece minute, te rog așteaptă-mă la intrare.",
)

_SLAVIC = (  # Polish, Czech, Russian, Ukrainian
    "Rząd zapowiedział dopłaty do wymiany starych pieców w całym województwie.",
    "Książka świetna, ale tłumaczenie pełne błędów, szkoda pieniędzy.",
    "Ile kosztuje bilet miesięczny dla studentów we Wrocławiu?",
    "Hej, spóźnię się jakieś dziesięć minut, zamów mi proszę herbatę.",
    (
        "Sąsiadka z trzeciego piętra od lat hoduje na balkonie pomidory. Zaczęła od jednej "
        "doniczki, a dziś ma ich ponad trzydzieści i zna nazwę każdej odmiany. W sierpniu rozdaje "
        "przecier całej klatce schodowej, prosi tylko o zwrot słoików. W tym roku zwróciliśmy "
        "wszystkie, a dzieci dołączyły do nich rysunki i list z podziękowaniami."
    ),
    "Vláda dnes schválila nový zákon o ochraně spotřebitele.",
    "Pokoj byl čistý a snídaně vynikající, jen parkování je příliš drahé.",
    "Kde se dá v Brně koupit jízdenka na noční autobus?",
    "Ahoj, pošli mi prosím fotky z víkendu, díky moc!",
    (
        "Když se v údolí stavěla přehrada, musela celá vesnice zmizet pod vodou. Lidé si odvezli "
        "okna, dveře i prahy a postavili z nich nové domy o dva kilometry výš. Jen kostelní zvon "
        "nechali na místě, protože byl příliš těžký. Místní tvrdí, že za suchého léta, když "
        "hladina klesne, je za tichých večerů slyšet, jak se o něj opírá vítr."
    ),
    "В Казани открыли новую станцию метро, её строили почти шесть лет.",
    "Наушники отличные, но провод слишком короткий, и кнопка иногда заедает.",
    "Как перенести контакты со старого телефона на новый?",
    "привет, ты дома? ключи забыл 🙈",
    (
        "Маяк на острове Каменном погас осенью, в ночь, когда ветер сорвал с крыши половину "
        "железных листов. Смотритель, Андрей Павлович Мезенцев, тридцать лет записывал в журнал "
        "погоду, проходящие суда и количество чаек на перилах, но такой бури не помнил. Генератор "
        "залило, рация молчала, а до ближайшего посёлка было восемнадцать километров по открытой "
        "воде. Тогда он вынес на верхнюю площадку все керосиновые лампы, какие нашлись в доме, "
        "поставил их в ряд за стеклом и до рассвета переходил от одной к другой, подкручивая "
        "фитили. Утром мимо прошёл небольшой рыболовный бот. Капитан потом рассказывал, что принял "
        "эти огни за окна деревни и очень удивился, потому что никакой деревни на карте не было, "
        "но всё-таки повернул и благодаря этому не налетел на камни. Через неделю приехали "
        "инженеры из Мурманска, поставили солнечные батареи и автоматическую лампу, которая "
        "включается сама. Работы у Мезенцева теперь почти нет. Он по-прежнему ведёт журнал, "
        "считает чаек, а керосиновые лампы держит заправленными: автоматика, говорит он, вещь "
        "хорошая, но она не знает, что такое страх."
    ),
    "У Львові через ремонт колії тимчасово змінили маршрути трьох трамваїв.",
    "Дуже смачна піца, але доставка запізнилася майже на годину.",
    "Як правильно оформити повернення товару без чека?",
    "Дякую за допомогу, гарного вам дня! 🌻",
    (
        "У нашій школі вже другий рік працює гурток, де учні лагодять старі велосипеди. Хтось "
        "приносить поламане кермо, хтось віддає дитячий велосипед, з якого виріс. Навесні ми "
        "відремонтували двадцять сім велосипедів і подарували їх родинам, які нещодавно переїхали "
        "до міста. Учитель фізики жартує, що тепер закони механіки знають навіть ті, хто "
        "прогулював його уроки."
    ),
)

_OTHER_EUROPEAN = (  # Turkish, Greek, Finnish, Hungarian
    "İstanbul'da yarın sabah saatlerinde kuvvetli yağmur bekleniyor.",
    "Ürün fotoğraftaki gibi değil, kumaşı çok ince, iade ettim.",
    "Pasaport yenilemek için hangi belgeler gerekiyor?",
    "Toplantıyı öğleden sonraya alabilir miyiz, şu an yoldayım.",
    (
        "Dedem her sabah aynı saatte kahvesini içer, sonra bahçeye çıkıp incir ağacına bakardı. "
        "Ağaç yaşlıydı, dalları eğilmişti ama meyvesi hâlâ mahallenin en tatlısıydı. Komşular "
        "kesmesini söylediğinde gülerdi. Biz büyüyüp şehre taşındık, dedem aramızdan ayrıldı. "
        "Geçen yaz eve döndüğümüzde, duvarın dibinde yeni bir incir fidanı bulduk, boyu dizimize "
        "kadar geliyordu."
    ),
    "Ο δήμος Θεσσαλονίκης θα φυτέψει πεντακόσια δέντρα στην παραλία.",
    "Το δωμάτιο ήταν μικρό αλλά πεντακάθαρο, και το πρωινό εξαιρετικό.",
    "Πού μπορώ να βγάλω εισιτήριο για το πλοίο της Πάρου;",
    "Καλημέρα! Θα αργήσω λίγο, ξεκινήστε χωρίς εμένα.",
    (
        "Στο νησί μας ο ταχυδρόμος έρχεται μόνο δύο φορές την εβδομάδα, όταν το επιτρέπει ο "
        "καιρός. Τον χειμώνα μπορεί να περάσουν και δέκα μέρες χωρίς γράμματα, εφημερίδες ή "
        "φάρμακα. Γι' αυτό οι κάτοικοι έχουν μάθει να μοιράζονται τα πάντα, από το ψωμί μέχρι τα "
        "νέα. Όταν φτάνει επιτέλους το καράβι, όλο το χωριό κατεβαίνει στο λιμάνι."
    ),
    "Helsingin satamassa avattiin eilen uusi matkustajaterminaali.",
    "Puhelin on hyvä, mutta kuoret naarmuuntuvat heti.",
    "Mistä voin ostaa lipun iltajunaan Tampereelle?",
    "Nähdään kuudelta kirjaston edessä, ota sateenvarjo mukaan!",
    "Tutkimuksen mukaan metsässä kävely laskee verenpainetta jo kahdessakymmenessä minuutissa.",
    "A város vezetése jövőre két új kerékpárutat épít a Duna mentén.",
    "A leves hideg volt, a pincér udvariatlan, soha többé nem megyünk oda.",
    "Hogyan lehet lemondani az előfizetést a próbaidőszak vége előtt?",
    "Szia, megérkeztél már? Hívj fel, ha hazaértél!",
    "A szerződés mindkét fél aláírásával lép hatályba, és tizenkét hónapig érvényes.",
)

_RIGHT_TO_LEFT = (  # Arabic, Hebrew, Persian
    "أعلنت وزارة التعليم أن العام الدراسي الجديد سيبدأ في الأول من سبتمبر.",
    "الفندق نظيف وقريب من البحر، لكن الإنترنت بطيء جدا في الغرف.",
    "كيف يمكنني تغيير كلمة المرور إذا نسيت البريد الإلكتروني؟",
    "مبروك يا صديقي! متى الحفلة؟ 🎉",
    (
        "في الحي القديم من المدينة دكان صغير لا تزيد مساحته على مترين، يجلس فيه العم إدريس منذ "
        "خمسة وثلاثين عاما يصلح أجهزة الراديو. لم يعد أحد تقريبا يشتري هذه الأجهزة، ولكن الناس ما "
        "زالوا يحملون إليه ما ورثوه عن آبائهم، بعضهم يريد أن يسمع الأخبار، وأكثرهم يريد أن يسمع "
        "الصوت نفسه الذي كان يملأ البيت في طفولته. يقول العم إدريس إن كل جهاز يحتفظ برائحة المطبخ "
        "الذي عاش فيه، وإنه يستطيع أن يعرف من الغبار وحده هل كان صاحبه يحب القهوة أم الشاي. قبل "
        "عامين جاءته طالبة من كلية الهندسة تبحث عن موضوع لمشروع تخرجها، فجلست إلى جانبه أسبوعا، ثم "
        "عادت في الأسبوع التالي، ثم صارت تأتي كل يوم سبت. صنعت له موقعا على الشبكة، ووضعت فيه صور "
        "الأجهزة وقصصها، فبدأت الطرود تصل من مدن بعيدة. لم يتغير شيء آخر: ما زال الدكان صغيرا، وما "
        "زال السعر على قدر استطاعة الزبون، وما زال العم إدريس يغلق بابه عند الظهر ليشرب الشاي مع "
        "جاره الخياط."
    ),
    "עיריית חיפה תפתח בחודש הבא שלוש ספריות חדשות בשכונות.",
    "המסעדה הייתה מלאה, אבל המלצרית דאגה לנו לשולחן ליד החלון.",
    "איפה אפשר להחליף את הסוללה של הטלפון?",
    "תודה רבה, נדבר מחר בבוקר!",
    (
        "בסוף הרחוב שלנו עומד ספסל ירוק שאף אחד לא יודע מי שם אותו שם. בבוקר יושבים עליו זקנים עם "
        "עיתון, בצהריים תלמידים עם גלידה, ובערב זוג צעיר שמדבר בשקט. לפני חודש העירייה רצתה להזיז "
        "אותו בגלל עבודות בכביש, ותוך יומיים חתמו מאה ועשרים שכנים על מכתב. הספסל נשאר, והכביש "
        "עוקף אותו."
    ),
    "قیمت بلیت قطار تهران به مشهد از هفتهٔ آینده ده درصد افزایش می‌یابد.",
    "کتاب جالبی بود، ولی پایانش را خیلی زود حدس زدم.",
    "برای گرفتن گواهی‌نامهٔ رانندگی چه مدارکی لازم است؟",
    "سلام، امشب میای خونهٔ ما؟ مامان آش درست کرده 😋",
    (
        "پدرم باغ کوچکی در دامنهٔ کوه داشت که در آن گیلاس و گردو می‌کاشت. هر پاییز همسایه‌ها برای "
        "چیدن گردو جمع می‌شدند و دست‌های همه تا یک هفته سیاه بود. وقتی باغ را فروخت، فقط یک شرط "
        "گذاشت: این که درِ باغ در روز گردوچینی برای بچه‌های محله باز بماند. خریدار هنوز به قولش عمل "
        "می‌کند."
    ),
)

_INDIC = (  # Hindi, Bengali
    "रेलवे ने त्योहारों के लिए चालीस विशेष गाड़ियाँ चलाने का फ़ैसला किया है।",
    "फ़ोन अच्छा है, लेकिन कैमरा रात में बिल्कुल काम नहीं करता।",
    "आधार कार्ड में पता कैसे बदला जाता है?",
    "अरे यार, कल का मैच देखा क्या? मज़ा आ गया 🏏",
    (
        "हमारे गाँव में डाकिया रामस्वरूप जी पिछले अट्ठाईस साल से साइकिल पर चिट्ठियाँ बाँटते हैं। पहले उनका थैला सुबह "
        "इतना भारी होता था कि चढ़ाई पर उन्हें साइकिल से उतरना पड़ता था। अब ज़्यादातर लोग मोबाइल पर बात कर "
        "लेते हैं, इसलिए थैले में बिजली के बिल और बैंक के काग़ज़ ही बचे हैं। फिर भी वे हर घर के सामने रुकते हैं, बुज़ुर्गों का "
        "हाल पूछते हैं और जिनकी आँखें कमज़ोर हैं, उन्हें अख़बार की दो-चार ख़बरें पढ़कर सुनाते हैं। पिछले साल बरसात में नदी "
        "का पुल बह गया, तो वे तीन दिन तक नाव से आते रहे, क्योंकि एक विधवा की पेंशन का मनीऑर्डर पहुँचाना था। जब "
        "उनसे पूछा गया कि उन्होंने इतना जोखिम क्यों उठाया, तो वे मुस्कुराए और बोले कि काग़ज़ तो हल्का था, पर उसका "
        "इंतज़ार बहुत भारी था। अगले महीने वे सेवानिवृत्त हो रहे हैं। गाँव के बच्चों ने उनके लिए एक सौ चिट्ठियाँ लिखी हैं "
        "और तय किया है कि उस दिन डाक वे ख़ुद बाँटेंगे।"
    ),
    "কলকাতায় আগামীকাল থেকে নতুন বইমেলা শুরু হচ্ছে।",
    "খাবারটা ভালো ছিল, কিন্তু দাম একটু বেশি মনে হলো।",
    "ঢাকা থেকে চট্টগ্রাম যেতে ট্রেনে কত সময় লাগে?",
    "শুভ জন্মদিন, ভাই! ভালো থেকো 🎂",
    (
        "নদীর ধারে আমাদের স্কুলটা ছিল টিনের ছাউনি দেওয়া। বৃষ্টি নামলে এত শব্দ হতো যে মাস্টারমশাই পড়া "
        "থামিয়ে গল্প বলতে শুরু করতেন। আমরা তাই রোজ মেঘের জন্য অপেক্ষা করতাম। এখন সেখানে পাকা দালান "
        "হয়েছে, জানালায় কাচ আছে। তবু বর্ষায় পুরনো ছাত্ররা ফিরে এসে বারান্দায় বসে, আর কেউ একজন গল্প শুরু "
        "করে।"
    ),
)

_SOUTH_EAST_ASIAN = (  # Thai, Vietnamese, Indonesian
    "พรุ่งนี้กรุงเทพฯ จะมีฝนตกหนักในช่วงบ่าย",
    "กาแฟร้านนี้อร่อยมาก แต่ที่จอดรถน้อยไปหน่อย",
    "ขอเปลี่ยนวันเดินทางเป็นวันศุกร์ได้ไหมคะ",
    "555 ตลกมาก เดี๋ยวส่งให้แม่ดู 😂",
    (
        "คุณตาของฉันเป็นคนพายเรือข้ามฟากมาตั้งแต่อายุสิบแปดปี ทุกเช้าท่านจะตื่นก่อนพระอาทิตย์ขึ้น ต้มน้ำชาหนึ่งกา "
        "แล้วเดินลงไปที่ท่าน้ำเพื่อรอผู้โดยสารคนแรก ซึ่งมักจะเป็นแม่ค้าขายผักที่ต้องรีบไปตลาด ต่อมาเมื่อมีการสร้างสะพาน "
        "คนส่วนใหญ่ก็เลิกนั่งเรือ หลายคนบอกให้คุณตาขายเรือแล้วพักผ่อนอยู่บ้าน แต่ท่านตอบว่าสะพานไม่เคยถามใครว่าสบายดีไหม "
        "ทุกวันนี้ยังมีเด็กนักเรียนกลุ่มเล็ก ๆ ที่เลือกนั่งเรือไปโรงเรียน เพราะชอบฟังเรื่องเล่าของท่าน "
        "เมื่อปีที่แล้วมีนักท่องเที่ยวถ่ายวิดีโอลงอินเทอร์เน็ต จนมีคนจากจังหวัดอื่นเดินทางมานั่งเรือของคุณตาในวันหยุด "
        "ค่าโดยสารยังคงเป็นห้าบาทเหมือนเดิม และถ้าใครไม่มีเงินก็จ่ายเป็นผลไม้ได้"
    ),
    "Thành phố Đà Nẵng vừa khánh thành một cây cầu đi bộ mới bắc qua sông.",
    "Giao hàng nhanh, đóng gói cẩn thận, nhưng màu áo hơi khác so với hình.",
    "Làm thế nào để đăng ký học tiếng Nhật trực tuyến?",
    "Alo, cậu đang ở đâu đấy? Mọi người đến đủ rồi!",
    (
        "Ngày trước, mỗi sáng chủ nhật, bà tôi gánh hai rổ rau ra chợ từ lúc trời còn tối. Bà bán "
        "rẻ hơn người khác, nhưng ai mặc cả thì bà lại cho thêm một nắm hành. Bà bảo, đi chợ là để "
        "nói chuyện, còn tiền chỉ là cái cớ. Bây giờ bà yếu rồi, tôi gánh rau thay bà, và khách "
        "quen vẫn hỏi thăm bà đầu tiên."
    ),
    "Pemerintah daerah akan memperbaiki jalan menuju pelabuhan mulai bulan depan.",
    "Sepatunya nyaman dipakai, tapi ukurannya lebih kecil dari biasanya.",
    "Bagaimana cara membuat sambal yang tidak terlalu pedas?",
    "Maaf baru balas, tadi hp aku mati 🙏",
    (
        "Setiap sore anak-anak di kampung kami berkumpul di bawah pohon mangga untuk belajar "
        "membaca bersama Pak Darto. Ia dulu sopir truk dan baru bisa membaca pada umur empat puluh "
        "tahun. Karena itu, katanya, ia tahu persis bagian mana yang sulit. Sekarang tiga muridnya "
        "sudah kuliah, dan salah satunya pulang setiap liburan untuk menggantikannya mengajar."
    ),
)

_EAST_ASIAN = (  # Japanese, Korean
    "市役所は来月から、すべての申請をオンラインで受け付けると発表した。",
    "思ったより軽くて使いやすいですが、充電に時間がかかるのが残念です。",
    "この近くに、夜遅くまで開いている薬局はありますか？",
    "ごめん、電車が止まってて30分くらい遅れそう💦",
    (
        "祖父の営む銭湯は、坂の多い町のいちばん低いところにあった。雨の日には坂の上から水が流れてき"
        "て、玄関の前に小さな川ができる。すると常連のお年寄りたちは長靴を履いてやって来て、番台の祖"
        "父に向かって「今日は泳いできたよ」と笑うのだった。十年ほど前、近くに大きなスポーツクラブが"
        "でき、客は半分に減った。燃料の値段も上がり、家族は何度も店を畳むよう勧めた。それでも祖父"
        "は、毎朝四時に起きて釜に火を入れ、脱衣所の床を磨き、男湯と女湯ののれんを掛け替えた。ある冬"
        "の晩、町中が停電になった。ところが薪で沸かす銭湯だけは湯が出たので、ろうそくを灯した浴室"
        "に、普段は来ない若い夫婦や学生まで集まってきた。暗い湯の中で、知らない者同士が朝まで話をし"
        "たという。それから少しずつ、若い客が増えた。今では週に二回、閉店後の脱衣所で小さな演奏会が"
        "開かれている。祖父は音楽のことは何も分からないと言いながら、いつも最後の曲まで番台に座って"
        "聴いている。"
    ),
    "정부는 내년부터 대중교통 요금을 지역마다 다르게 정하기로 했다.",
    "배송은 빨랐지만 포장이 찢어져 있어서 조금 실망했어요.",
    "여권을 다시 만들려면 며칠이나 걸리나요?",
    "ㅋㅋㅋ 진짜 웃기다, 나중에 또 얘기하자!",
    (
        "우리 동네 시장 끝에는 삼십 년 넘게 만두를 빚는 할머니가 계신다. 새벽 다섯 시에 반죽을 시작"
        "해서 점심 전에 다 팔고 문을 닫는다. 방송국에서 여러 번 찾아왔지만 할머니는 늘 손을 저으며 "
        "거절하셨다. 손님이 더 오면 줄 서는 사람이 힘들어진다는 이유였다. 그 대신 단골의 생일이면 "
        "만두 하나를 더 넣어 주시고, 시험을 앞둔 학생에게는 돈을 받지 않으신다."
    ),
)

CALIBRATION_TEXTS: tuple[str, ...] = (
    *_NEWS,
    *_REVIEWS,
    *_QUESTIONS,
    *_MESSAGES,
    *_PRODUCTS,
    *_PROFESSIONS,
    *_RECIPES,
    *_CODE_AND_LOGS,
    *_NUMBERS_AND_NAMES,
    *_CARELESS,
    *_ENGLISH_PARAGRAPHS,
    *_ENGLISH_PAGES,
    *_CHINESE,
    *_CHINESE_PARAGRAPHS,
    *_CHINESE_PAGES,
    *_GERMANIC,
    *_ROMANCE,
    *_SLAVIC,
    *_OTHER_EUROPEAN,
    *_RIGHT_TO_LEFT,
    *_INDIC,
    *_SOUTH_EAST_ASIAN,
    *_EAST_ASIAN,
)
"""The sample: some 320 texts, each once; two in five are neither English nor Chinese."""
