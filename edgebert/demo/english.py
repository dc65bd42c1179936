"""The English half of the demo's language: its words, its sentences, its little stories.

In a sentence `{x}` and `{y}` are two opposites, and the intent follows `{x}`: with "on" and "off"
swapped the same words ask for the other thing. Other braces are slots.
"""

from edgebert.demo.language import Family, Language, Split, lines, story, words

SLOTS = {
    "device": Split(
        train=words(
            "lamp, heater, fan, radio, oven, kettle, television, dishwasher, coffee machine, "
            "desk lamp, air purifier, printer, ceiling light, sewing machine, rice cooker, mixer, "
            "stove, grill, computer, router, camera, fridge, water pump, hair straightener"
        ),
        dev=words("toaster, humidifier, floor lamp, vacuum cleaner"),
        test=words("dryer, projector, reading light, washing machine, microwave, freezer"),
    ),
    "opening": Split(
        train=words(
            "window, garage door, curtain, gate, skylight, blind, patio door, hatch, bay window, "
            "main entrance, fence, louvre, chimney flap"
        ),
        dev=words("shutter, balcony door, porch"),
        test=words("awning, roof window, side entrance, cellar door"),
    ),
    "room": Split(
        train=words(
            "kitchen, bedroom, bathroom, living room, hall, garage, office, nursery, store room, "
            "workshop, pantry, lobby, sauna, gym, music room, winter garden"
        ),
        dev=words("attic, dining room, guest room"),
        test=words("basement, library, laundry room, conservatory"),
    ),
    "person": Split(
        train=words(
            "Anna, Ben, Carla, David, Emma, Felix, mum, grandpa, Nora, Oscar, aunt Rosa, uncle Tom, "
            "Lena, Max, Paul, Sara, Victor, Yusuf"
        ),
        dev=words("Greta, Hugo, dad"),
        test=words("Ivan, Julia, Karl, grandma"),
    ),
    "time": Split(
        train=words(
            "seven o'clock, noon, midnight, tomorrow morning, half past six, Monday evening, "
            "lunch time, Tuesday, quarter past two, dusk, Wednesday afternoon, one o'clock, "
            "half past four, breakfast, teatime"
        ),
        dev=words("eight o'clock, Sunday night, dawn"),
        test=words("nine o'clock, Friday afternoon, half past ten, sunset"),
    ),
    "number": Split(
        train=words(
            "twenty, eighteen, five, twelve, two, thirty, four, six, fifty, sixteen, ninety, "
            "twenty five"
        ),
        dev=words("fifteen, three"),
        test=words("nineteen, forty, eleven"),
    ),
    "music": Split(
        train=words(
            "jazz, piano music, folk songs, opera, rock, dance music, hymns, ballads, waltzes, "
            "film music, disco, choir songs, chamber music"
        ),
        dev=words("blues, techno"),
        test=words("swing, guitar music, lullabies"),
    ),
}

FRAMES = Split(
    train=lines("""
        {}
        please {}
        hey, {}
        okay now, {}
        {} please
        {}, thanks
        listen to me, {}
        hello there, {} now
        yes, {}, will you
    """),
    dev=lines("""
        {}
        well, {}
        {}, if you can
    """),
    test=lines("""
        {}
        excuse me, {}
        oh, {}
        {} for me
        sorry, {}
    """),
)

FAMILIES = (
    Family(
        intents=("turn_on", "turn_off"),
        opposites=("on", "off"),
        templates=Split(
            train=lines("""
                turn {x} the {device}
                please switch the {device} in the {room} {x}
                switch {x} the {device} at {time}
                can you turn the {room} {device} {x}
                I need the {device} {x} at {time}
                don't turn {y} the {device}, turn it {x}
                turn the {device} {x}, not {y}
                I don't want the {device} {y}, I want it {x}
                switch the {device} in the {room} {x} instead of {y}
                not {y}, I said turn the {device} {x}
                the {device} should be {x} rather than {y}
                do not leave the {device} {y}, switch it {x}
                it was wrong to turn {y} the {device}, so turn it {x}
                keep the {device} {x} and never {y}
                {x} is what I need for the {device}, {y} is wrong
                the {device} in the {room} must be {x}, it must not be {y}
                I asked for the {device} to be {x}, you turned it {y}
                you turned the {device} {y}, but I want it {x}
            """),
            dev=lines("""
                could you switch {x} the {device} please
                get the {device} in the {room} turned {x}
                do not switch the {device} {y}, switch it {x}
                make sure the {device} is {x}, not {y}
            """),
            test=lines("""
                would you please turn {x} the {device} in the {room}
                have the {device} switched {x} at {time}
                I would like the {device} {x}
                don't switch {y} the {device} in the {room}, switch it {x} please
                please turn the {device} {x} and not {y}
                turn the {device} {x} rather than {y}
                do not turn the {device} {y} at {time}, I want it {x}
            """),
        ),
    ),
    Family(
        intents=("open", "close"),
        opposites=("open", "close"),
        templates=Split(
            train=lines("""
                {x} the {opening}
                please {x} the {opening} in the {room}
                can you {x} the {room} {opening}
                {x} the {opening} at {time}
                I need you to {x} the {opening}
                don't {y} the {opening}, {x} it
                {x} the {opening}, do not {y} it
                I don't want you to {y} the {opening}, I want you to {x} it
                {x} the {opening} in the {room} instead, I never said {y}
                not {y}, I said {x} the {opening}
                you should {x} the {opening} rather than {y} it
                it was wrong to {y} the {opening}, so {x} it
                just {x} the {opening} and never {y} it
                to {x} is what I need for the {opening}, to {y} is wrong
                you must {x} the {opening} in the {room}, you must not {y} it
                I asked you to {x} the {opening}, not to {y} it
                I know you want to {y} the {opening}, but {x} it
            """),
            dev=lines("""
                could you {x} the {opening} please
                do not {y} the {opening}, {x} it please
                make sure to {x} the {opening}, not to {y} it
            """),
            test=lines("""
                would you please {x} the {opening} in the {room}
                I would like you to {x} the {opening} at {time}
                don't {y} the {opening} in the {room}, {x} it please
                please {x} the {opening} and do not {y} it
                {x} the {opening} rather than {y} it
            """),
        ),
    ),
    Family(
        intents=("warmer", "cooler"),
        opposites=("warmer", "cooler"),
        templates=Split(
            train=lines("""
                make it {x} in the {room}
                the {room} should be {x} at {time}
                set the {room} {number} degrees {x}
                I want it {x} in the {room}
                please make the {room} a bit {x}
                make the {room} {x}, not {y}
                don't make it {y} in the {room}, make it {x}
                I want it {x} instead of {y} in the {room}
                not {y}, I said {x} in the {room}
                the {room} should get {x} rather than {y}
                it was wrong to make the {room} {y}, so make it {x}
                keep the {room} {x} and never {y}
                {x} is what I need in the {room}, {y} is wrong
                it must be {x} in the {room}, it must not be {y}
                I asked for it to be {x} in the {room}, you made it {y}
                you made the {room} {y}, but I want it {x}
            """),
            dev=lines("""
                could you make the {room} {x} please
                do not make the {room} {y}, make it {x}
                make sure the {room} gets {x}, not {y}
            """),
            test=lines("""
                would you please make it {x} in the {room} at {time}
                I would like the {room} to be {number} degrees {x}
                don't make the {room} {y} at {time}, I want it {x}
                please make it {x} and not {y} in the {room}
                make the {room} {x} rather than {y}
            """),
        ),
    ),
    Family(
        intents=("louder", "quieter"),
        opposites=("louder", "quieter"),
        templates=Split(
            train=lines("""
                make the {device} {x}
                the {music} in the {room} should be {x}
                please make the {music} {x}
                I want the {device} in the {room} {x}
                can you make it {x} at {time}
                make the {device} {x}, not {y}
                don't make the {music} {y}, make it {x}
                I want the {music} {x} instead of {y}
                not {y}, I said make the {device} {x}
                the {device} in the {room} should be {x} rather than {y}
                it was wrong to make the {device} {y}, so make it {x}
                keep the {music} {x} and never {y}
                {x} is what I need for the {device}, {y} is wrong
                the {music} in the {room} must be {x}, it must not be {y}
                I asked for the {music} to be {x}, you made it {y}
                you made the {device} {y}, but I want it {x}
            """),
            dev=lines("""
                could you make the {device} {x} please
                do not make the {music} {y}, make it {x}
                make sure the {device} is {x}, not {y}
            """),
            test=lines("""
                would you please make the {music} {x} in the {room}
                I would like the {device} to be {x}
                don't make the {device} {y} at {time}, I want it {x}
                please make the {music} {x} and not {y}
                make the {device} {x} rather than {y}
            """),
        ),
    ),
    Family(
        intents=("remind_me", "remind_other"),
        opposites=("me", "{person}"),
        templates=Split(
            train=lines("""
                remind {x} to call {y} at {time}
                please remind {x} to wait for {y}
                tell {x} to meet {y} in the {room}
                ask {x} to pick up {y} at {time}
                can you remind {x} to write to {y}
                at {time} remind {x} to look for {y}
                let {x} know when to help {y}
                call {x} before {y}
                wake {x} at {time}, after {y}
                can you ask {x} to look after {y}
                {y} is late, so call {x}
                please let {x} wait until {y} comes
            """),
            dev=lines("""
                could you remind {x} to visit {y} please
                tell {x} at {time} to answer {y}
            """),
            test=lines("""
                would you please remind {x} to talk to {y}
                tell {x} to wait for {y} in the {room}
                ask {x} to call {y} back at {time}
                wake {x} before {y}
            """),
        ),
    ),
    Family(
        intents=("ask_state",),
        templates=Split(
            train=lines("""
                is the {device} on or off
                is it warmer in the {room} now
                tell me what the {device} in the {room} is doing
                did {person} open or close the {opening}
                which lights are on in the {room}
                did {person} switch the {device} on at {time}
                has {person} turned off the {device}
                who left the {device} on in the {room}
                is the {opening} open now
                is it louder or quieter in the {room} at {time}
                are you sure that the {device} is off
                why is the {device} louder now
            """),
            dev=lines("""
                is the {opening} in the {room} open
                is the {device} off now
            """),
            test=lines("""
                did {person} turn the {device} off
                is the {device} in the {room} on now
                who did open the {opening} at {time}
            """),
        ),
    ),
    Family(
        intents=("play_music",),
        templates=Split(
            train=lines("""
                play {music} in the {room}
                I want to hear {music}
                put on some {music} for {person}
                please play the {music} that {person} likes
                start with {music} at {time}
                put {music} on in the {room} please
                can you play some {music} on the {device}
                let {person} listen to {music}
                I want some {music} now, on the {device}
                let the {device} play {music} at {time}
            """),
            dev=lines("""
                let me hear some {music} please
                could you play {music} for {person}
            """),
            test=lines("""
                would you play some {music} at {time}
                I would like to hear {music} in the {room}
                put {music} on the {device} please
            """),
        ),
    ),
    Family(
        intents=("set_timer",),
        templates=Split(
            train=lines("""
                set a timer for {number} minutes
                wake me in {number} minutes
                count down from {number}
                I need an alarm in {number} hours
                start the clock, {number} minutes for the {device}
                can you set the {device} timer for {number} minutes
                count {number} minutes please
                please let the clock run for {number} hours
                an alarm in {number} minutes, for the {room}
            """),
            dev=lines("""
                could you set an alarm for {number} minutes
                give me {number} minutes on the clock
            """),
            test=lines("""
                would you start a timer of {number} minutes
                I would like an alarm in {number} minutes
                the {device} needs {number} minutes, set the clock
            """),
        ),
    ),
)

STORIES = (
    story("""
        there is a {device} in the {room}
        {person} put the {device} in the {room}
        look at the {device} in the {room}

        {person} found it {y} at {time}
        it was {y} and not {x}
        first it was {y}
        nobody wanted it {y} any more

        {person} said : don't keep it {y}, I like it {x}
        please have it {x} instead of {y}, said {person}
        {person} wanted it {x}, not {y}
        never {y}, always {x}, said {person}
        I would like to have it {x} and not {y}, said {person}
        would you please not keep it {y}, {person} asked
        can you please keep it {x}, {person} asked
        could you please keep it {x}, and not {y}, {person} asked

        so they turned it {x}
        {person} went to the {room} and switched it {x}
        then somebody turned the {device} {x}
        it had to be switched {x}

        now the {device} is {x}
        it is {x} now, no longer {y}
        it stayed {x} after {time}
        the {device} is not {y} any more, it is {x}
    """),
    story("""
        the {room} has a {opening}
        {person} looked at the {opening} of the {room}
        we have a new {opening} in the {room}

        {person} wanted to {z} it at {time}
        {person} said : {z} it, do not {w} it
        {person} likes to {z} it rather than to {w} it
        nobody had to {w} it, but {person} had to {z} it
        I would like it if you {z} it and do not {w} it, said {person}
        would you please not {w} it, {person} asked
        can you please {z} it, {person} asked
        could you please {z} it and not {w} it, {person} asked

        so they did {z} the {opening}
        then {person} went to {z} it
        somebody came to {z} the {opening}, not to {w} it

        it was right to {z} the {opening}
        {person} would not {w} it again
        after {time} they did not {w} it
        to {z} the {opening} was right, to {w} it was wrong
    """),
    story("""
        {person} was in the {room} at {time}
        {person} came to the {room}
        the {room} was {number} degrees

        it should get {u}, said {person}
        {person} did not like it {v}
        nobody wanted it {v}, they wanted it {u}
        {person} liked it {u} rather than {v}
        I would like to have it {u} and not {v}, said {person}
        would you please not keep it {v}, {person} asked
        can you please keep it {u}, {person} asked

        so they made it {u}
        then it got {u}, not {v}
        {person} had it made {u} instead of {v}

        now the {room} is {u}
        the {room} is not {v}, it is {u} now
        {number} degrees {u} was right for {person}
    """),
    story("""
        {person} played {music} in the {room}
        the {device} played {music} at {time}
        {person} hears {music}
        put the {music} on, said {person}

        it should be {s}, said {person}
        {person} did not like it {t}
        don't have it {t}, have it {s}
        {person} likes {music} {s} rather than {t}
        I would like to have it {s} and not {t}, said {person}
        would you please not keep it {t}, {person} asked
        can you please keep it {s}, {person} asked

        so they made it {s}
        then the {music} got {s}, not {t}
        {person} had it made {s} instead of {t}

        now the {music} is {s}
        it is not {t}, it is {s} now
        the {device} was {s} after {time}
    """),
    story("""
        {person} and {other} are in the {room}
        {person} wants to talk to {other}
        {person} is late and {other} is in the {room}

        {person} told {other} to wait
        {person} asked {other} for help
        {person} will remind {other} at {time}
        {person} let {other} know about the {device}

        so {other} had to wait for {person}
        then {other} came to help {person}
        {other} was told by {person} to call back
        {other} was asked by {person} to visit

        {person} told me to call {other}
        I told {person} to call {other}
        {person} asked me to meet {other} at {time}
        I asked {person} to write to {other}

        {other} will answer {person} and not me
        {person} woke before {other}
        {other} came after {person} at {time}
        we pick up {other} and {person} at {time}
    """),
    story("""
        {person} likes to play with the {device} in the {room}
        some of us want to start the {device} at {time}
        we tell {person} when to wake {other}
        {person} leaves the {device} to {other}

        you can turn it or switch it, as {person} does
        to make it start, ask {person}
        make sure that {other} gets some help with it
        {person} needs a bit of help, or {other} does

        we count with {person} to {number}
        we all want to play {music}, with or without {person}
        some leave at {time}, some wake up then
        {other} can turn to {person} and ask for {music}
    """),
    story("""
        the timer of the {device} was set for {number} minutes
        {person} set an alarm for {time}
        the clock in the {room} counts down from {number}

        {person} has to wait {number} hours
        in {number} minutes it is {time}
        {number} minutes are left, give me the {device}

        at {time} the alarm woke {person}
        after {number} minutes the {device} was off
        the clock needs {number} minutes more, said {person}

        did {person} hear it
        why has nobody listened to it
        it just must be there until {other} comes, I need to listen
        we made it so, I know
        are you there, {person} asked, and what is it like
        let the clock run
        who did hear the alarm in the {room}
        what is the {device} doing now
        hello there, said {person}
        yes, thanks, okay
        excuse me, if you can
        oh well, sorry
        hey, {person}, for me
        which lights are on
        could you look for {person}, please
        would you let me know
    """),
)

ENGLISH = Language(
    name="en",
    slots=SLOTS,
    frames=FRAMES,
    families=FAMILIES,
    stories=STORIES,
    story_opposites={
        "xy": ("on", "off"),
        "zw": ("open", "close"),
        "uv": ("warmer", "cooler"),
        "st": ("louder", "quieter"),
    },
    full_stop=".",
)
