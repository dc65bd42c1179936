"""The Chinese half of the demo's language, built as the English one is."""

from edgebert.demo.language import Family, Language, Split, lines, story, words

SLOTS = {
    "device": Split(
        train=words(
            "台灯, 风扇, 电视, 烤箱, 水壶, 暖气, 收音机, 洗碗机, 咖啡机, 吊灯, 缝纫机, 打印机, "
            "壁灯, 电饭煲, 净化器, 电脑, 水泵, 相机, 热水器, 音响"
        ),
        dev=words("加湿器, 吸尘器, 落地灯"),
        test=words("空调, 冰箱, 投影仪, 微波炉"),
    ),
    "opening": Split(
        train=words("窗帘, 百叶窗, 车库门, 大门, 天窗, 后门, 遮光帘, 栅栏, 窗户"),
        dev=words("纱门, 阳台门"),
        test=words("侧门, 屋顶窗, 竹帘"),
    ),
    "room": Split(
        train=words(
            "厨房, 卧室, 浴室, 客厅, 走廊, 办公室, 健身房, 衣帽间, 儿童房, 车库, 花园, 阳台, 洗手间"
        ),
        dev=words("阁楼, 餐厅"),
        test=words("书房, 地窖, 茶室"),
    ),
    "person": Split(
        train=words(
            "安娜, 小明, 妈妈, 爷爷, 李华, 王芳, 陈磊, 阿珍, 外婆, 刘洋, 叔叔, 张敏, 小军, 老周"
        ),
        dev=words("爸爸, 小红"),
        test=words("奶奶, 张伟, 阿强"),
    ),
    "time": Split(
        train=words(
            "七点钟, 中午, 半夜, 明天早上, 六点半, 周一晚上, 三点一刻, 周三下午, 天黑时, 清早, "
            "吃饭时, 两点半"
        ),
        dev=words("八点钟, 周日清晨"),
        test=words("傍晚, 周五下午, 日落时"),
    ),
    "number": Split(
        train=words("二十, 十八, 五, 十二, 两, 三十, 十六, 六, 八十, 二十五, 七"),
        dev=words("十五, 三"),
        test=words("十九, 四十, 十一"),
    ),
    "music": Split(
        train=words("爵士乐, 钢琴曲, 民歌, 摇滚乐, 圆舞曲, 儿歌, 进行曲, 古典音乐, 京剧, 舞曲"),
        dev=words("蓝调, 电子乐"),
        test=words("交响乐, 戏曲"),
    ),
}

FRAMES = Split(
    train=lines("""
        {}
        你好，{}
        {}，谢谢
        喂，{}
        {}吧
        好的，{}
    """),
    dev=lines("""
        {}
        听着，{}
    """),
    test=lines("""
        {}
        劳驾，{}
        {}，马上
        对了，{}
    """),
)

FAMILIES = (
    Family(
        intents=("turn_on", "turn_off"),
        opposites=("打开", "关掉"),
        templates=Split(
            train=lines("""
                {x}{device}
                请{x}{room}的{device}
                {time}{x}{device}
                我要你把{device}{x}
                不要{y}{device}，要{x}
                {x}{device}，不是{y}
                我不想{y}{device}，我想{x}它
                别把{device}{y}，把它{x}
                不是{y}，我说的是{x}{device}
                {y}{device}是错的，请{x}
                把{device}{x}就好，不要{y}它
                你{y}了{device}，可是我要{x}
                {room}的{device}要{x}，不能{y}
                别{y}，{x}{device}就好
            """),
            dev=lines("""
                麻烦{x}一下{device}
                别{y}{room}的{device}，请{x}它
            """),
            test=lines("""
                能不能把{room}的{device}{x}
                不要把{room}的{device}{y}，请把它{x}
                请{x}{device}，不要{y}
                {time}别{y}{device}，我要{x}它
            """),
        ),
    ),
    Family(
        intents=("open", "close"),
        opposites=("拉开", "合上"),
        templates=Split(
            train=lines("""
                {x}{opening}
                请{x}{room}的{opening}
                {time}{x}{opening}
                我要你把{opening}{x}
                不要{y}{opening}，要{x}
                {x}{opening}，不是{y}
                我不想{y}{opening}，我想{x}它
                别把{opening}{y}，把它{x}
                不是{y}，我说的是{x}{opening}
                {y}{opening}是错的，请{x}
                把{opening}{x}就好，不要{y}它
                你{y}了{opening}，可是我要{x}
                {room}的{opening}要{x}，不能{y}
                别{y}，{x}{opening}就好
            """),
            dev=lines("""
                麻烦{x}一下{opening}
                别{y}{room}的{opening}，请{x}它
            """),
            test=lines("""
                能不能把{room}的{opening}{x}
                不要把{room}的{opening}{y}，请把它{x}
                请{x}{opening}，不要{y}
                {time}别{y}{opening}，我要{x}它
            """),
        ),
    ),
    Family(
        intents=("warmer", "cooler"),
        opposites=("暖和", "凉快"),
        templates=Split(
            train=lines("""
                让{room}{x}一点
                {time}{room}要{x}一点
                请把{room}调得{x}些
                {room}再{x}{number}度
                不要{y}，{room}要{x}
                让{room}{x}，不是{y}
                我不想{room}{y}，我想要{x}
                不是{y}，我说的是让{room}{x}
                把{room}弄得{y}是错的，请让它{x}
                让{room}{x}就好，不要{y}
                {room}{y}了，可是我要{x}
                {room}要{x}，不能{y}
                别{y}，让{room}{x}就好
            """),
            dev=lines("""
                麻烦让{room}{x}一下
                别让{room}{y}，让它{x}
            """),
            test=lines("""
                能不能让{room}{x}{number}度
                不要让{room}{y}，请让它{x}
                请让{room}{x}，不要{y}
            """),
        ),
    ),
    Family(
        intents=("louder", "quieter"),
        opposites=("大声", "小声"),
        templates=Split(
            train=lines("""
                让{device}{x}一点
                {room}的{music}要{x}一点
                请把{music}调得{x}些
                {time}{device}要{x}
                不要{y}，{device}要{x}
                让{music}{x}，不是{y}
                我不想{device}{y}，我想要{x}
                不是{y}，我说的是让{music}{x}
                把{device}弄得{y}是错的，请让它{x}
                让{device}{x}就好，不要{y}
                {music}{y}了，可是我要{x}
                {room}的{music}要{x}，不能{y}
                别{y}，让{device}{x}就好
            """),
            dev=lines("""
                麻烦让{device}{x}一下
                别让{music}{y}，让它{x}
            """),
            test=lines("""
                能不能让{room}的{music}{x}
                不要让{device}{y}，请让它{x}
                请让{music}{x}，不要{y}
            """),
        ),
    ),
    Family(
        intents=("remind_me", "remind_other"),
        opposites=("我", "{person}"),
        templates=Split(
            train=lines("""
                {time}提醒{x}给{y}打电话
                请提醒{x}等{y}
                告诉{x}去{room}见{y}
                {time}叫{x}去接{y}
                提醒{x}给{y}写信
                让{x}知道怎么帮{y}
                在{y}之前叫醒{x}
                {y}晚了，请给{x}打电话
                让{x}在{room}等{y}
            """),
            dev=lines("""
                麻烦提醒{x}去看{y}
                {time}告诉{x}要帮{y}
            """),
            test=lines("""
                能不能提醒{x}在{room}等{y}
                叫{x}给{y}打电话
                请告诉{x}去接{y}
            """),
        ),
    ),
    Family(
        intents=("ask_state",),
        templates=Split(
            train=lines("""
                {device}是打开还是关掉的
                {room}现在暖和吗
                {room}的{device}怎么样了
                {person}拉开{opening}了吗
                {person}打开{device}了吗
                现在{room}的{device}是关掉的吗
                {time}谁合上了{opening}
                {room}的{music}是不是很大声
            """),
            dev=lines("""
                {room}的{opening}合上了吗
                {device}打开了吗
            """),
            test=lines("""
                {person}关掉{device}了吗
                {room}的{device}现在是打开的吗
            """),
        ),
    ),
    Family(
        intents=("play_music",),
        templates=Split(
            train=lines("""
                在{room}放{music}
                我想听{music}
                给{person}放一点{music}
                {time}开始放{music}
                请用{device}放{music}
                让{person}听{music}
                来一点{music}，在{room}放
            """),
            dev=lines("""
                麻烦放一下{music}
                让我听听{music}
            """),
            test=lines("""
                能不能放{music}给{person}听
                请在{device}上放{music}
            """),
        ),
    ),
    Family(
        intents=("set_timer",),
        templates=Split(
            train=lines("""
                定一个{number}分钟的闹钟
                {number}分钟后叫醒我
                从{number}开始倒数
                我要{number}小时的计时
                请给{device}计时{number}分钟
                闹钟定在{number}分钟后
                开始计时，{number}小时
            """),
            dev=lines("""
                麻烦计时{number}分钟
                定一下{number}小时的闹钟
            """),
            test=lines("""
                能不能定{number}分钟的计时
                {device}要{number}分钟，请计时
            """),
        ),
    ),
)

STORIES = (
    story("""
        {room}里有一个{device}
        {person}把{device}放在{room}
        来看{room}的{device}

        {person}{time}看见它是{y}的
        它是{y}的，不是{x}的
        没有人想要它{y}

        {person}说：别让它{y}，我要它{x}
        {person}说不要{y}，要{x}
        它不能{y}，请{x}，{person}说
        {person}说能不能{x}它，不要{y}它
        {person}说麻烦把它{x}就好，不要{y}

        所以他们把它{x}了
        {person}去{room}{x}了它
        后来有人把{device}{x}了

        现在{device}是{x}的
        它现在是{x}的，不是{y}的
        {time}以后它一直{x}着
    """),
    story("""
        {room}有{opening}
        {person}在看{room}的{opening}
        我们有新的{opening}

        {person}想{time}{z}它
        {person}说：{z}它，不要{w}它
        没有人要{w}它，{person}要{z}它
        {person}说能不能{z}它，不要{w}它
        {person}说麻烦把它{z}就好，不要{w}

        所以他们{z}了{opening}
        {person}去把它{z}了
        有人来{z}{opening}，不是{w}它

        {z}{opening}是对的
        {person}不会再{w}它
        {z}{opening}是对的，{w}是错的
    """),
    story("""
        {person}{time}在{room}
        {person}来了{room}
        {room}是{number}度

        {person}说要{u}一点
        {person}不想{v}，想{u}
        没有人要{v}，他们要{u}
        {person}说能不能{u}一点，不要{v}
        {person}说麻烦{u}就好，不要{v}

        所以他们让它{u}了
        后来它{u}了，不{v}了
        {person}把它调得{u}，不是{v}

        现在{room}很{u}
        {room}不{v}，现在{u}
        再{u}{number}度是对的，{person}说
    """),
    story("""
        {person}在{room}放{music}
        {device}{time}在放{music}
        {person}在听{music}
        {person}说：请放{music}

        {person}说要{s}一点
        {person}不想{t}，想{s}
        别让它{t}，让它{s}
        {person}说能不能{s}一点，不要{t}
        {person}说麻烦{s}就好，不要{t}

        所以他们让它{s}了
        后来{music}{s}了，不{t}了
        {person}把它弄得{s}，不是{t}

        现在{music}很{s}
        它不{t}，现在{s}
        {time}以后{device}一直很{s}
    """),
    story("""
        {person}和{other}在{room}
        {person}想见{other}
        {person}在家里等{other}

        {person}叫{other}等一下
        {person}请{other}帮忙
        {person}{time}会提醒{other}
        {person}告诉{other}{device}的事

        所以{other}要等{person}
        后来{other}来帮{person}
        {other}给{person}打了电话

        {person}叫我给{other}打电话
        我叫{person}去接{other}
        {person}让我知道怎么见{other}
        我给{person}写信

        {other}在{person}之前醒了
        {person}去看{other}，不是来看我
        我们去接{other}和{person}
    """),
    story("""
        {device}的闹钟定了{number}分钟
        {person}定了{time}的闹钟
        {room}的计时从{number}倒数

        {person}要等{number}小时
        还有{number}分钟就是{time}
        给我{device}，还有{number}分钟

        {time}闹钟叫醒了{person}
        {number}分钟后{device}停了
        计时还要{number}分钟，{person}说

        {person}听见了吗
        是不是用{device}的人来了
        可是你错了，{person}晚了
        谁来了
        你好，{person}，听着
        喂，谢谢，劳驾
        好的，马上来吧，{person}说
        对了，{other}也来了
        {room}怎么样了
        {device}现在在哪里
        {person}想吃些什么
        麻烦你看一下，能不能还没开始
        在桌上
    """),
)

CHINESE = Language(
    name="zh",
    slots=SLOTS,
    frames=FRAMES,
    families=FAMILIES,
    stories=STORIES,
    story_opposites={
        "xy": ("打开", "关掉"),
        "zw": ("拉开", "合上"),
        "uv": ("暖和", "凉快"),
        "st": ("大声", "小声"),
    },
    full_stop="。",
)
